"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;

  // an element with text inside; text never becomes markup
  const make = (name, className, text) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // ---- theme
  $("theme").addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  // ---- tooltips
  const tip = $("tip");
  document.addEventListener("pointermove", (event) => {
    const target = event.target.closest ? event.target.closest("[data-tip]") : null;
    tip.hidden = !target;
    if (!target) return;
    tip.textContent = target.dataset.tip;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - box.width - 6))}px`;
    tip.style.top = `${event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18}px`;
  });

  // ---- players: a button, a line that moves over the pictures, a click that seeks
  let current = null;
  const setUp = (card) => {
    const audio = card.querySelector("audio");
    const stage = card.querySelector(".stage");
    if (!audio || !stage) return;
    const head = stage.querySelector(".head");
    const button = make("button", "play", "▶");
    const name = card.querySelector(".clip").textContent;
    button.type = "button";
    button.setAttribute("aria-label", `Play ${name}`);
    audio.removeAttribute("controls");
    audio.after(button);
    const follow = () => {
      if (audio.duration) {
        const x = `${(100 * audio.currentTime) / audio.duration}%`;
        head.setAttribute("x1", x);
        head.setAttribute("x2", x);
      }
      if (!audio.paused) requestAnimationFrame(follow);
    };
    const show = (playing) => {
      button.textContent = playing ? "❚❚" : "▶";
      button.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${name}`);
      stage.classList.toggle("playing", playing || audio.currentTime > 0);
    };
    const start = () => {
      if (current && current !== audio) current.pause();
      current = audio;
      audio.play().catch(() => show(false));
    };
    audio.addEventListener("play", () => { show(true); follow(); });
    audio.addEventListener("pause", () => show(false));
    button.addEventListener("click", () => (audio.paused ? start() : audio.pause()));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || !audio.readyState) return;
      event.preventDefault();
      audio.currentTime = Math.max(0, Math.min(audio.duration, audio.currentTime + step));
      follow();
    });
    stage.addEventListener("click", (event) => {
      const box = stage.getBoundingClientRect();
      const seek = () => { audio.currentTime = ((event.clientX - box.left) / box.width) * audio.duration; follow(); };
      if (audio.readyState) { seek(); } else { audio.addEventListener("loadedmetadata", seek, { once: true }); }
      start();
    });
  };

  globalThis.page = { $, make, setUp };
})();
