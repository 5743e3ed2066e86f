"use strict";
(() => {
  const { $, make, setUp } = globalThis.page;

  // a clip that is among the worst of several codes is on the page once; it is copied when its line is opened
  const copyCards = (details) => {
    for (const again of details.querySelectorAll(".card.again")) {
      const source = $(`card-${again.dataset.card}`);
      if (!source || !source.querySelector(".stage")) continue;
      const copy = source.cloneNode(true);
      copy.removeAttribute("id");
      copy.querySelector(".why").textContent = again.querySelector(".why").textContent;
      const button = copy.querySelector(".play");
      if (button) button.remove();
      again.replaceWith(copy);
      setUp(copy);
    }
  };
  for (const card of document.querySelectorAll(".card:not(.again)")) setUp(card);
  for (const details of document.querySelectorAll("details.code")) {
    details.addEventListener("toggle", () => details.open && copyCards(details));
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#code-']");
    if (link) $(link.hash.slice(1)).open = true;
  });
  const openCard = (number) => {
    const card = $(`card-${number}`);
    if (!card) return;
    card.closest("details").open = true;
    card.scrollIntoView({ block: "center" });
    const button = card.querySelector("button");
    if (button) button.focus({ preventScroll: true });
  };

  // ---- the table: only the rows in view exist
  const data = JSON.parse($("data").textContent);
  const size = data.id.length;
  const ROW = 33;
  const classes = ["usable", "fix", "drop"];
  const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
  const show = (quantity, i) => {
    const value = quantity.values[i];
    return value === null ? "" : value.toFixed(quantity.digits).replace("-", "−");
  };
  const length = data.quantities.find((q) => q.short === "length");
  const spell = (seconds) => {
    if (seconds < 60) return `${seconds.toFixed(0)} s`;
    return seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
  };
  const codesOf = (i) => data.found[i].map((f) => data.codes[f[0]]).join(", ");
  const weight = (i) => data.found[i].reduce((sum, f) => sum + [1, 100, 10000][f[1]], 0);
  const columns = [
    { name: "clip", width: 13, text: (i) => data.id[i], key: (i) => data.id[i] },
    { name: "verdict", width: 10.5, text: (i) => data.verdicts[data.verdict[i]], key: (i) => -data.verdict[i], verdict: true },
  ];
  if (data.speaker.some((s) => s !== data.speaker[0])) {
    columns.push({ name: "speaker", width: 8, text: (i) => data.speaker[i], key: (i) => data.speaker[i] });
  }
  columns.push({ name: "text", width: 28, text: (i) => data.text[i], key: (i) => data.text[i] });
  for (const quantity of data.quantities.filter((q) => q.short)) {
    columns.push({ name: quantity.short, unit: quantity.narrow, width: 7, number: true, text: (i) => show(quantity, i), key: (i) => quantity.values[i] });
  }
  columns.push({ name: "findings", width: 20, text: codesOf, key: weight, down: true });

  const view = $("view"), body = $("table").tBodies[0], query = $("query"), byVerdict = $("by-verdict"), byCode = $("by-code");
  for (const name of data.verdicts) byVerdict.append(new Option(name, name));
  for (const name of [...data.codes].sort()) byCode.append(new Option(name, name));
  const haystack = data.id.map((id, i) => `${id}\n${data.text[i]}\n${data.path[i]}\n${data.speaker[i]}`.toLowerCase());

  let order = [], chosen = -1, sorted = null, falling = false, drawn = "";
  const headRow = $("table").tHead.insertRow();
  const total = columns.reduce((sum, c) => sum + c.width, 0);
  columns.forEach((column, c) => {
    const cell = make("th", column.number ? "num" : "");
    const button = make("button");
    button.append(make("span", "", column.name), make("small", "", column.unit || ""));
    cell.scope = "col";
    cell.style.width = `${(100 * column.width) / total}%`;
    button.type = "button";
    button.title = `Sort by ${column.name}`;
    button.addEventListener("click", () => {
      falling = sorted === c ? !falling : Boolean(column.down);
      sorted = c;
      refresh();
    });
    cell.append(button);
    headRow.append(cell);
  });

  const refresh = () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = data.verdicts.indexOf(byVerdict.value), code = data.codes.indexOf(byCode.value);
    order = [];
    for (let i = 0; i < size; i++) {
      if (verdict >= 0 && data.verdict[i] !== verdict) continue;
      if (code >= 0 && !data.found[i].some((f) => f[0] === code)) continue;
      if (words.every((w) => haystack[i].includes(w))) order.push(i);
    }
    if (sorted !== null) {
      const key = order.length ? columns[sorted].key : null, sign = falling ? -1 : 1;
      const keys = new Map(order.map((i) => [i, key(i)]));
      order.sort((a, b) => {
        const x = keys.get(a), y = keys.get(b);
        if (x === y) return a - b;
        if (x === null) return 1;
        if (y === null) return -1;
        return x < y ? -sign : sign;
      });
    }
    [...headRow.cells].forEach((cell, c) => {
      const on = c === sorted;
      if (on) cell.setAttribute("aria-sort", falling ? "descending" : "ascending"); else cell.removeAttribute("aria-sort");
      cell.querySelector("span").textContent = columns[c].name + (on ? (falling ? " ↓" : " ↑") : "");
    });
    const time = length ? `, ${spell(order.reduce((sum, i) => sum + (length.values[i] || 0), 0))}` : "";
    const rest = data.all > size ? ` (this table holds ${size.toLocaleString("en")} of ${data.all.toLocaleString("en")})` : "";
    $("count").textContent = `${plural(order.length, "clip")}${time}${rest}`;
    $("table").setAttribute("aria-rowcount", order.length + 1);
    view.scrollTop = 0;
    drawn = "";
    draw();
  };

  const gap = (rows) => {
    const row = make("tr", "gap");
    const cell = row.insertCell();
    cell.colSpan = columns.length;
    cell.style.height = `${rows * ROW}px`;
    row.setAttribute("aria-hidden", "true");
    return row;
  };
  const draw = () => {
    const first = Math.max(0, Math.floor(view.scrollTop / ROW) - 10);
    const last = Math.min(order.length, first + Math.ceil(view.clientHeight / ROW) + 25);
    const now = `${first} ${last} ${chosen}`;
    if (now === drawn) return;
    drawn = now;
    const rows = document.createDocumentFragment();
    if (first) rows.append(gap(first));
    for (let r = first; r < last; r++) {
      const i = order[r];
      const row = make("tr", i === chosen ? "row on" : "row");
      row.dataset.place = r;
      row.setAttribute("aria-rowindex", r + 2);
      for (const column of columns) {
        const cell = row.insertCell();
        const text = column.text(i);
        cell.textContent = text;
        if (column.number) cell.className = "num";
        else { cell.dir = "auto"; cell.title = text; }
        if (column.verdict) cell.className = `state ${classes[data.verdict[i]]}`;
      }
      rows.append(row);
    }
    if (last < order.length) rows.append(gap(order.length - last));
    body.replaceChildren(rows);
  };

  // a command that can be pasted into a shell; the folder is where this page lies
  const quoted = (name) => (/^[\w./][\w./-]*$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`);
  const here = location.protocol === "file:" ? decodeURIComponent(location.pathname).replace(/\/[^/]*$/, "") : "DIR";
  const folder = $("build") ? `${here}/audit` : here;
  const choose = (place) => {
    const i = order[place];
    if (i === undefined) return;
    chosen = i;
    draw();
    const detail = $("detail");
    const findings = make("ul");
    for (const [code, severity, message] of data.found[i]) {
      const item = make("li");
      item.append(make("span", `badge ${data.severities[severity]}`, data.severities[severity]), " ", make("b", "", data.codes[code]), " ", make("bdi", "", message));
      findings.append(item);
    }
    const facts = make("div", "facts");
    for (const quantity of data.quantities) {
      const fact = make("div");
      fact.append(make("span", "", quantity.name), make("span", "", `${show(quantity, i) || "–"} ${quantity.unit}`));
      facts.append(fact);
    }
    const words = make("p", "heard");
    const text = make("bdi");
    for (const [kind, said] of data.heard[data.id[i]] || [["", data.text[i] || "(no text)"]]) {
      let part = document.createTextNode(said);
      for (const name of kind.split(" ").filter(Boolean).reverse()) {
        const around = make(name);
        around.append(part);
        part = around;
      }
      text.append(part, " ");
    }
    words.append(text);
    detail.replaceChildren(make("h3", "", data.id[i]), words, make("p", "muted", [data.path[i], data.speaker[i], data.verdicts[data.verdict[i]]].filter(Boolean).join(" · ")), findings, facts);
    const hint = make("p", "muted", "This clip in detail: ");
    hint.append(make("code", "", `ttsprep explain ${quoted(data.id[i])} --audit ${quoted(folder)}`));
    detail.append(hint);
    if (data.card[i] && $(`card-${data.card[i]}`)) {
      const jump = make("button", "link", "Play and view");
      jump.type = "button";
      jump.addEventListener("click", () => openCard(data.card[i]));
      detail.insertBefore(jump, facts);
    }
    detail.hidden = false;
  };

  view.addEventListener("scroll", draw, { passive: true });
  addEventListener("resize", draw);
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr.row");
    if (row) choose(Number(row.dataset.place));
  });
  view.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }[event.key];
    if (!step || event.target !== view) return;
    event.preventDefault();
    const place = Math.max(0, Math.min(order.length - 1, order.indexOf(chosen) + step));
    const top = place * ROW;
    if (top < view.scrollTop) view.scrollTop = top;
    if (top + 3 * ROW > view.scrollTop + view.clientHeight) view.scrollTop = top + 3 * ROW - view.clientHeight;
    choose(place);
  });

  // ---- filters
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const field of [query, byVerdict, byCode]) field.addEventListener("input", refresh);
  $("clear").addEventListener("click", () => { query.value = byVerdict.value = byCode.value = ""; sorted = null; refresh(); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-code], [data-verdict]");
    if (!button) return;
    byCode.value = button.dataset.code || "";
    byVerdict.value = button.dataset.verdict || "";
    query.value = "";
    refresh();
    $("clips").scrollIntoView();
  });
  refresh();

  const openClip = (id) => {
    byCode.value = byVerdict.value = "";
    query.value = id;
    refresh();
    const place = order.findIndex((i) => data.id[i] === id);
    if (place >= 0) choose(place);
    $("clips").scrollIntoView();
    view.focus({ preventScroll: true });
  };

  // ---- what the scripts that follow need, too
  globalThis.report = { $, make, plural, spell, openCard, openClip };
})();
