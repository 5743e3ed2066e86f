"use strict";
(() => {
  const { setUp } = globalThis.page;
  const card = document.querySelector(".card");
  if (!card) return;
  setUp(card);
  const audio = card.querySelector("audio"), view = card.querySelector(".time"), stage = card.querySelector(".stage");
  const clock = card.querySelector(".clock");
  const words = [...document.querySelectorAll(".token, .stage .word")];

  const show = () => {
    const now = audio.currentTime, all = audio.duration || 0;
    clock.textContent = all ? `${now.toFixed(2)} of ${all.toFixed(2)} s` : "";
    const moving = !audio.paused || now > 0;
    for (const word of words) {
      word.classList.toggle("on", moving && now >= Number(word.dataset.start) && now < Number(word.dataset.end));
    }
    // the line stays in view where the picture is wider than the page
    const x = all ? (now / all) * stage.getBoundingClientRect().width : 0;
    if (!audio.paused && (x < view.scrollLeft || x > view.scrollLeft + 0.8 * view.clientWidth)) {
      view.scrollLeft = x - 0.2 * view.clientWidth;
    }
    if (!audio.paused) requestAnimationFrame(show);
  };
  for (const event of ["play", "pause", "seeked", "loadedmetadata"]) audio.addEventListener(event, show);

  const seek = (seconds) => {
    const go = () => { audio.currentTime = seconds; };
    if (audio.readyState) { go(); } else { audio.addEventListener("loadedmetadata", go, { once: true }); }
    if (audio.paused) card.querySelector(".play").click();
  };
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-start]");
    if (!target) return;
    seek(Number(target.dataset.start));
  });
})();
