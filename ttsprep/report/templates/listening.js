"use strict";
// ---- the map of voices: names the clip under the pointer, or the next one by the arrow keys
(() => {
  const { $, openClip } = globalThis.report;
  const figure = $("voices");
  if (!figure) return;
  const data = JSON.parse($("voices-data").textContent);
  const plane = figure.querySelector("svg"), stage = figure.querySelector(".scroll"), cursor = figure.querySelector(".cursor");
  const NEAR = 12;
  let here = -1;

  const show = (i) => {
    here = i;
    cursor.setAttribute("visibility", i < 0 ? "hidden" : "visible");
    if (i < 0) return;
    cursor.setAttribute("cx", data.x[i]);
    cursor.setAttribute("cy", data.y[i]);
    const likeness = data.likeness[i] === null ? "" : `likeness ${data.likeness[i].toFixed(2)} to the other clips`;
    const parts = [data.id[i], data.speaker[i] && `speaker ${data.speaker[i]}`, likeness, i < data.outliers ? "finding: another voice" : ""];
    $("voice").textContent = parts.filter(Boolean).join(" · ");
  };
  const nearest = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(plane.getScreenCTM().inverse());
    let best = -1, least = NEAR * NEAR;
    for (let i = 0; i < data.x.length; i++) {
      const distance = (data.x[i] - at.x) ** 2 + (data.y[i] - at.y) ** 2;
      if (distance < least) { least = distance; best = i; }
    }
    return best;
  };
  plane.addEventListener("pointermove", (event) => {
    const i = nearest(event);
    if (i >= 0 && i !== here) show(i);
    plane.style.cursor = i >= 0 ? "pointer" : "";
  });
  plane.addEventListener("click", (event) => {
    const i = nearest(event);
    if (i >= 0) { show(i); openClip(data.id[i]); }
  });
  stage.addEventListener("keydown", (event) => {
    const last = data.x.length - 1;
    const to = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      show(Math.max(0, Math.min(last, to)));
    } else if (event.key === "Enter" && here >= 0) {
      event.preventDefault();
      openClip(data.id[here]);
    }
  });
})();
