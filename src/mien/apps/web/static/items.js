// What can be looked at: a picture, a video or a camera.

/**
 * @typedef {{kind: "picture" | "video" | "camera", file?: File, entry?: object, error?: Error, reading?: Promise<void>,
 *   isAnimated?: boolean, isBlank?: boolean, isGone?: boolean, isBack?: boolean, isOver?: boolean, plays?: boolean}} Item
 * isBlank while there is nothing of it to show, isGone while it waits for the server, isBack of a camera that looks away from
 * who holds the device, isOver of a camera that was stopped, plays of a video that is to play once a frame of it is analysed
 */

export const itemOf = (file) => ({ kind: file.type.startsWith("video/") ? "video" : "picture", file });
export const isOn = (item) => item?.kind === "camera" && !item.isOver;
export const isFilm = (item) => item?.kind === "video" || isOn(item);
export const stemOf = ({ file, kind }) => (file?.name || kind).replace(/\.[^.]*$/, "");
