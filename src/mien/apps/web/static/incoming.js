// The ways in which files come: chosen, dropped, pasted, or one of the samples.

const part = (id) => document.getElementById(id);

/**
 * @param {(files: File[]) => void} take
 * @param {(why: string) => void} refuse
 */
export function takeFiles(take, refuse) {
  const some = (files) => { if (files.length) take([...files]); };
  part("choose").onclick = part("drop").onclick = () => part("file").click();
  part("file").onchange = (event) => { some([...event.target.files]); event.target.value = ""; };
  for (const button of document.querySelectorAll("#samples button")) button.onclick = () => sample(button.dataset.sample).then(take, refuse);
  document.addEventListener("paste", (event) => some(event.clipboardData.files));
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
  document.addEventListener("dragleave", () => document.body.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    const { files } = event.dataTransfer;
    if (files.length) some(files);
    else refuse("that is a link or text, not a file, and the page loads nothing from elsewhere; save the picture and drop its file");
  });
}

async function sample(name) {
  const answer = await fetch(`static/samples/${name}`).catch(() => null);
  if (!answer?.ok) throw "the sample cannot be had, as the server is gone; choose a file of your own";
  return [new File([await answer.blob()], name, { type: "image/jpeg" })];
}
