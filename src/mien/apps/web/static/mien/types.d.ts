/** What can be analysed: a file, what a page shows, or pixels (of which the fourth channel is not read). */
export type Source =
  | Blob | HTMLImageElement | HTMLVideoElement | HTMLCanvasElement | OffscreenCanvas | ImageBitmap | VideoFrame
  | { width: number; height: number; data: Uint8Array | Uint8ClampedArray };

export interface Settings {
  /** How far rare emotions are raised: ferplus (0) not at all, balanced (1) as if all were equally common; the model's own without it. */
  prior?: "ferplus" | "balanced" | number;
  /** eight: contempt is shown apart, not as neutral. */
  view?: "seven" | "eight";
  /** Search large pictures for small faces too, which takes some ten times as long. */
  small_faces?: boolean;
  /** Leave out smaller faces, in pixels of the picture as it is read. */
  min_face_px?: number;
  /** Leave out faces of which the detector is less sure, 0 to 1. */
  min_score?: number;
  /** Keep the largest face alone. */
  largest?: boolean;
  /** ONNX Runtime's, by preference; ["wasm"] without it. */
  executionProviders?: string[];
}

export interface Pose { yaw_deg: number; pitch_deg: number; roll_deg: number }

/** One face, with the fields of mien's documents. */
export interface Face {
  /** In a stream: the person's, from 1; -1 for one that cannot be followed. */
  id?: number;
  /** x1, y1, x2, y2 in pixels of the picture. */
  box: [number, number, number, number];
  /** Right eye, left eye, nose, right and left corner of the mouth; right and left are the subject's. */
  landmarks: [number, number][];
  /** The detector's, 0 to 1. */
  score: number;
  pose?: Pose;
  quality: "good" | "small" | "turned" | "blurred";
  emotion: string;
  /** The probability of emotion. */
  confidence: number;
  /** Whether emotion is not to be relied on. */
  uncertain: boolean;
  /** -1, unpleasant, to 1; null where the model does not tell it. */
  valence: number | null;
  /** 0, neutral, to 1; null where the model does not tell it. */
  intensity: number | null;
  probabilities: Record<string, number>;
  /** In a stream: probabilities of this frame alone. */
  raw?: Record<string, number>;
}

/** One picture, or one frame of a stream, which has frame and time_s. */
export interface PictureEntry {
  path: string;
  frame?: number;
  time_s?: number;
  width: number;
  height: number;
  /** By how many degrees clockwise the picture was turned to be read; left out where it is 0. */
  turned?: number;
  faces: Face[];
}

export interface Model { name: string; version: string; sha256: string; prior: number }

export interface ResultEntry extends PictureEntry { schema: number; model: Model }

/** One frame of a stream. */
export interface StreamEntry extends PictureEntry {
  /** Ids of its faces that do not count as people so far: too little of what was seen of them looks like a face. */
  not_people: number[];
}

/** One video or camera: faces keep their ids, and their probabilities are averaged over time. */
export interface Stream {
  /** The entry of the next frame; its time must be later than that of the one before. */
  next(source: Source, time_s: number, name?: string): Promise<StreamEntry>;
}

export interface StreamOptions {
  /** Time constant of the average in seconds; 0 takes each frame by itself. */
  smooth_s?: number;
  /** For how many seconds a face that is not found keeps its id. */
  max_gap_s?: number;
  /** Search each so-many-th frame whole, and those in between only around the faces known. */
  detect_every?: number;
}

export interface Analyzer {
  readonly labels: string[];
  readonly prior: number;
  readonly model: Model;
  /** The faces of a picture, or of a video's frame by itself, from left to right. */
  analyze(source: Source): Promise<Face[]>;
  /** The document of a picture, as mien's service answers it. */
  document(source: Source, name?: string): Promise<ResultEntry>;
  /** What follows one video or camera. */
  stream(options?: StreamOptions): Stream;
  /** The same nets with another prior or view. */
  tuned(settings: Pick<Settings, "prior" | "view" | "min_face_px" | "largest">): Analyzer;
}
