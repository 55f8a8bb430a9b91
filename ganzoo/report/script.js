"use strict";
// Without this script, a film shows its last frame, and the legend of a chart the last values.

for (const film of document.querySelectorAll("[data-film]")) {
  const frames = [...film.querySelectorAll(".frame")];
  const slider = film.querySelector(".slider"), range = slider.querySelector("input");
  const show = () => {
    frames.forEach((frame, k) => { frame.hidden = k !== Number(range.value); });
    slider.querySelector("output").textContent = frames[range.value].dataset.label;
    range.setAttribute("aria-valuetext", frames[range.value].dataset.label);
  };
  range.max = frames.length - 1;
  range.value = frames.length - 1;
  range.addEventListener("input", show);
  slider.hidden = frames.length < 2;
  show();
  let playing = 0;
  const button = slider.querySelector("button");
  const stop = () => { clearInterval(playing); playing = 0; button.textContent = "Play"; };
  button.addEventListener("click", () => {
    if (playing) { stop(); return; }
    if (range.value === range.max) range.value = 0;
    button.textContent = "Stop";
    show();
    playing = setInterval(() => {
      if (range.value === range.max) { stop(); return; }
      range.value = Number(range.value) + 1;
      show();
    }, 350);
  });
}

for (const svg of document.querySelectorAll("svg[data-chart]")) {
  const chart = JSON.parse(svg.dataset.chart), box = svg.closest("figure");
  const values = [...box.querySelectorAll("[data-value]")], at = box.querySelector("[data-at]");
  const pointer = svg.querySelector(".pointer"), last = values.map((value) => value.textContent);
  const nearest = (points, step) =>
    points.reduce((best, point) => (Math.abs(point[0] - step) < Math.abs(best[0] - step) ? point : best));
  svg.addEventListener("pointermove", (event) => {
    const frame = svg.getBoundingClientRect();
    const x = (event.clientX - frame.left) / frame.width * chart.total;
    const part = Math.min(1, Math.max(0, (x - chart.left) / chart.width));
    const step = chart.first + part * (chart.last - chart.first);
    chart.curves.forEach((points, k) => { values[k].textContent = String(nearest(points, step)[1]); });
    at.textContent = "step " + Math.round(step).toLocaleString("en");
    const place = chart.left + part * chart.width;
    pointer.setAttribute("x1", place);
    pointer.setAttribute("x2", place);
    pointer.setAttribute("visibility", "visible");
  });
  svg.addEventListener("pointerleave", () => {
    values.forEach((value, k) => { value.textContent = last[k]; });
    at.textContent = "";
    pointer.setAttribute("visibility", "hidden");
  });
}

addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
