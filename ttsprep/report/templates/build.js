"use strict";
(() => {
  const { $, make, plural, spell, openCard } = globalThis.report;
  if (!$("rejected-table")) return;

  // ---- rejected clips: the first rows that match, and more on demand
  const data = JSON.parse($("rejected-data").textContent);
  const STEP = 100;
  const body = $("rejected-table").tBodies[0], query = $("rejected-query"), byReason = $("by-reason"), more = $("rejected-more");
  data.reasons.forEach((code, i) => byReason.append(new Option(code, i)));
  const haystack = data.id.map((id, i) =>
    `${id}\n${data.reasons[data.main[i]]}\n${data.others[i].join(" ")}\n${data.reason[i]}\n${data.text[i]}`.toLowerCase());

  let order = [], shown = 0;
  const row = (i) => {
    const element = make("tr");
    const why = make("td");
    why.append(make("b", "", data.reasons[data.main[i]]));
    if (data.others[i].length) why.append(make("span", "muted", `, ${data.others[i].join(", ")}`));
    why.append(make("small", "", data.reason[i]));
    const id = make("td"), text = make("td"), hear = make("td");
    id.append(make("bdi", "", data.id[i]));
    text.append(make("bdi", "", data.text[i] || "(no text)"));
    if (data.card[i]) {
      const button = make("button", "link", "Play");
      button.type = "button";
      button.setAttribute("aria-label", `Play ${data.id[i]}`);
      button.addEventListener("click", () => openCard(data.card[i]));
      hear.append(button);
    }
    element.append(id, why, text, make("td", "num", data.seconds[i] === null ? "–" : `${data.seconds[i].toFixed(1)} s`), hear);
    return element;
  };
  const grow = () => {
    const rows = document.createDocumentFragment();
    for (const i of order.slice(shown, shown + STEP)) rows.append(row(i));
    shown = Math.min(shown + STEP, order.length);
    body.append(rows);
    more.hidden = shown === order.length;
    more.textContent = `Show ${(order.length - shown).toLocaleString("en")} more`;
  };
  const refresh = () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    order = [];
    for (let i = 0; i < data.id.length; i++) {
      if (byReason.value !== "" && data.main[i] !== Number(byReason.value)) continue;
      if (words.every((w) => haystack[i].includes(w))) order.push(i);
    }
    const rest = data.all > data.id.length ? ` (this list holds ${data.id.length.toLocaleString("en")} of ${data.all.toLocaleString("en")})` : "";
    $("rejected-count").textContent = `${plural(order.length, "clip")}, ${spell(order.reduce((sum, i) => sum + (data.seconds[i] || 0), 0))}${rest}`;
    body.replaceChildren();
    shown = 0;
    grow();
  };
  $("rejected-filters").addEventListener("submit", (event) => event.preventDefault());
  for (const field of [query, byReason]) field.addEventListener("input", refresh);
  more.addEventListener("click", grow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#reason-']");
    if (link) $(link.hash.slice(1)).open = true;
    const button = event.target.closest("[data-reason]");
    if (!button) return;
    byReason.value = button.dataset.reason;
    query.value = "";
    refresh();
    $("rejected-filters").scrollIntoView();
  });
  refresh();
})();
