import type { Analyzer, Settings } from "./mien/types.d.ts";

export type * from "./mien/types.d.ts";

type File = string | URL | Uint8Array;

export interface LoadOptions extends Settings {
  /** A packaged net (mien-s is smaller and faster), or the address or bytes of a file of mien export. */
  model?: "mien" | "mien-s" | File;
  /** The address or bytes of YuNet's file, where it is not served beside this module. */
  detector?: File;
  /** The folder of ONNX Runtime's .wasm files, where a bundler does not place them. */
  wasmPaths?: string;
}

/** Get the nets and start them. */
export function load(options?: LoadOptions): Promise<Analyzer>;

/** The same with an ONNX Runtime of your own, such as onnxruntime-web/webgpu. */
export function loadWith(ort: unknown, detector: File, model: File, settings?: Settings): Promise<Analyzer>;

declare const mien: { load: typeof load; loadWith: typeof loadWith };
export default mien;
