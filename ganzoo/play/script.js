// The aspect ratio of a picture, from which style.css computes a width that keeps it at least a few lines high.
document.addEventListener(
  "load",
  ({ target }) => target.closest?.(".picture") && target.style.setProperty("--ratio", target.naturalWidth / target.naturalHeight),
  true,
);
// A picture that is wider than its frame says that it can be scrolled: style.css shows a line below it.
window.markScrolling = () => {
  for (const frame of document.querySelectorAll(".picture .image-frame")) {
    const scrolls = frame.scrollWidth > frame.clientWidth + 1;
    frame.closest(".picture").toggleAttribute("data-scrolls", scrolls);
  }
};
document.addEventListener("load", ({ target }) => target.closest?.(".picture") && requestAnimationFrame(window.markScrolling), true);
window.addEventListener("resize", window.markScrolling);
// A click on the picture of samples stores its pixel, "across,down", in window.at, and clicks the hidden button #at.
// Gradio's own event gives wrong pixels for pictures that are shown enlarged.
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
window.at ??= ""; // gradio runs this script twice
