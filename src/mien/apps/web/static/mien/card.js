// The card in a model file: labels, crop, shares. ONNX Runtime for the web does not hand out a file's metadata, so it is
// read here: field 14 of an ONNX model holds key and value, fields 1 and 2.

const PRIOR_STEPS = [0, 0.25, 0.5, 0.75, 1];

/** @param {Uint8Array} model the bytes of a file of mien export */
export function readCard(model) {
  for (const { field, bytes } of fields(model)) {
    if (field !== 14) continue;
    const [key, value] = [1, 2].map((wanted) => [...fields(bytes)].find(({ field: one }) => one === wanted)?.bytes);
    if (text(key) === "mien") return JSON.parse(text(value));
  }
  throw new Error("the model carries no card of mien; expected a file of 'mien export'");
}

const text = (bytes) => new TextDecoder().decode(bytes);

/** The fields of a protocol buffer message that hold bytes. */
function* fields(message) {
  let at = 0;
  const number = () => {
    let value = 0, place = 1;
    for (let byte = 128; byte & 128; place *= 128) {
      if (at >= message.length) throw new Error("the model file is cut off or is no ONNX model; get it again");
      value += ((byte = message[at++]) & 127) * place;
    }
    return value;
  };
  while (at < message.length) {
    const tag = number(), field = Math.floor(tag / 8), kind = tag % 8;
    if (kind === 2) {
      const length = number();
      yield { field, bytes: message.subarray(at, at += length) };
    } else if (kind === 0) number();
    else if (kind === 1 || kind === 5) at += kind === 1 ? 8 : 4;
    else throw new Error("the model file is no ONNX model; get it again");
  }
}

/** The confidence under which a face is uncertain at a prior; linear between the card's steps. */
export function uncertainAt(card, prior) {
  const right = Math.max(1, PRIOR_STEPS.findIndex((step) => step >= prior)), left = right - 1;
  const share = (prior - PRIOR_STEPS[left]) / (PRIOR_STEPS[right] - PRIOR_STEPS[left]);
  return card.uncertain_below[left] * (1 - share) + card.uncertain_below[right] * share;
}
