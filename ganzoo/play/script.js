// So that a picture is never less than a few lines high: style.css makes it as wide as that takes.
document.addEventListener(
  "load",
  ({ target }) => target.closest?.(".picture") && target.style.setProperty("--ratio", target.naturalWidth / target.naturalHeight),
  true,
);
// A click on the picture of samples -> its pixel, "across,down", in window.at, and a click on the hidden button #at.
// Gradio's own event takes a picture that is shown larger than it is for a small one with a margin.
window.at ?? document.addEventListener("click", (event) => {
  const image = event.target.closest("#samples")?.querySelector("img");
  const button = document.querySelector("#at");
  if (!image || !button) return;
  const box = image.getBoundingClientRect();
  const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
  const across = (event.clientX - box.left - (box.width - scale * image.naturalWidth) / 2) / scale;
  const down = (event.clientY - box.top - (box.height - scale * image.naturalHeight) / 2) / scale;
  window.at = `${Math.floor(across)},${Math.floor(down)}`;
  button.click();
});
window.at ??= ""; // gradio runs this twice
