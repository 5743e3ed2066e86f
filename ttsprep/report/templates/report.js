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
  // what all ids begin with is said once, in the head of the column; a long name is cut in the middle, where it differs least
  const shared = (() => {
    if (size < 2) return "";
    let most = data.id[0].length;
    for (const id of data.id) while (!id.startsWith(data.id[0].slice(0, most))) most -= 1;
    const prefix = data.id[0].slice(0, most).replace(/[\p{L}\p{N}]+$/u, "");
    return prefix.length > 5 ? prefix : "";
  })();
  const WIDE = 20; // a letter of Chinese, Japanese or Korean is as wide as two
  const room = (name) => [...name].reduce((sum, c) => sum + (c < "\u2e80" ? 1 : 2), 0);
  const upTo = (letters, most) => letters.filter((c) => (most -= c < "\u2e80" ? 1 : 2) >= 0);
  const shorten = (name) => (room(name) <= WIDE ? name
    : [...upTo([...name], WIDE / 2 - 1), "…", ...upTo([...name].reverse(), WIDE / 2).reverse()].join(""));
  const nameOf = (i) => shorten(shared ? `…${data.id[i].slice(shared.length)}` : data.id[i]);
  const codesOf = (i) => data.findings[i].map((f) => data.codes[f[0]]).join(", ");
  const weight = (i) => data.findings[i].reduce((sum, f) => sum + [1, 100, 10000][f[1]], 0);
  const columns = [
    { name: "clip", width: data.id.some((_, i) => room(nameOf(i)) > 13) ? 21 : 13, unit: shared && `${shorten(shared)}…`, text: nameOf, whole: (i) => data.id[i], key: (i) => data.id[i] },
    { name: "verdict", width: 10.5, text: (i) => data.verdicts[data.verdict[i]], key: (i) => -data.verdict[i], verdict: true },
  ];
  if (data.speaker.some((s) => s !== data.speaker[0])) {
    columns.push({ name: "speaker", width: 8, text: (i) => data.speaker[i], key: (i) => data.speaker[i] });
  }
  columns.push({ name: "text", width: 25, text: (i) => data.text[i], key: (i) => data.text[i] });
  for (const quantity of data.quantities.filter((q) => q.short)) {
    columns.push({ name: quantity.short, unit: quantity.narrow, width: 7, number: true, text: (i) => show(quantity, i), key: (i) => quantity.values[i] });
  }
  columns.push({ name: "findings", width: 20, text: codesOf, key: weight, down: true });

  const view = $("view"), body = $("table").tBodies[0], query = $("query"), byVerdict = $("by-verdict"), byCode = $("by-code");
  const bySeverity = $("by-severity"), byValue = $("by-value"), from = $("value-from"), to = $("value-to"), bySound = $("by-sound");
  for (const name of [...data.severities].reverse()) bySeverity.append(new Option(name, name));
  for (const { name, unit } of data.quantities) byValue.append(new Option(unit ? `${name} [${unit}]` : name, name));
  for (const name of data.verdicts) byVerdict.append(new Option(name, name));
  for (const name of [...data.codes].sort()) byCode.append(new Option(name, name));
  const haystack = data.id.map((id, i) => `${id}\n${data.text[i]}\n${data.path[i]}\n${data.speaker[i]}`.toLowerCase());

  // the phones of a clip are one letter each; "?" stands for a phone that no clip has
  const spelt = (sound) => sound.split(/\s+/).filter(Boolean).map((phone) => data.sounds.letters[data.sounds.names.indexOf(phone)] || "?").join("");

  let order = [], chosen = -1, sorted = null, falling = false, drawn = false;
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
    const severity = data.severities.indexOf(bySeverity.value);
    const quantity = data.quantities.find((q) => q.name === byValue.value);
    const least = from.value === "" ? -Infinity : Number(from.value), most = to.value === "" ? Infinity : Number(to.value);
    const sound = bySound ? spelt(bySound.value) : "";
    from.disabled = to.disabled = !quantity;
    order = [];
    for (let i = 0; i < size; i++) {
      if (verdict >= 0 && data.verdict[i] !== verdict) continue;
      if ((code >= 0 || severity >= 0) && !data.findings[i].some((f) => (code < 0 || f[0] === code) && (severity < 0 || f[1] === severity))) continue;
      if (quantity && (quantity.values[i] === null || quantity.values[i] < least || quantity.values[i] > most)) continue;
      if (sound && !data.sounds.clips[i].includes(sound)) continue;
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
    drawn = false;
    draw();
    toAddress();
  };

  // rows that stay in view stay in the page: laying text out is what takes time
  const gap = () => {
    const row = make("tr", "gap");
    row.insertCell().colSpan = columns.length;
    row.setAttribute("aria-hidden", "true");
    return row;
  };
  const above = gap(), below = gap();
  const rowAt = (r) => {
    const i = order[r], row = make("tr", i === chosen ? "row on" : "row");
    row.dataset.place = r;
    row.setAttribute("aria-rowindex", r + 2);
    for (const column of columns) {
      const cell = row.insertCell();
      const text = column.text(i);
      cell.textContent = text;
      if (column.number) cell.className = "num";
      else { cell.dir = "auto"; cell.title = column.whole ? column.whole(i) : text; }
      if (column.verdict) cell.className = `state ${classes[data.verdict[i]]}`;
    }
    return row;
  };
  const AHEAD = 8, LEAST = 4; // rows beyond those in view: a few are made at a time, so that no frame comes late
  const enough = (rows, all) => rows >= Math.min(all, LEAST);
  let first = 0, last = 0; // the rows that exist
  const draw = () => {
    const top = Math.floor(view.scrollTop / ROW), bottom = Math.min(order.length, top + Math.ceil(view.clientHeight / ROW) + 1);
    if (drawn && enough(top - first, top) && enough(last - bottom, order.length - bottom)) return;
    const from = Math.max(0, top - AHEAD), to = Math.min(order.length, bottom + AHEAD);
    if (!drawn || from >= last || to <= first) {
      body.replaceChildren(above, below);
      first = last = from;
    }
    for (; first < from; first++) above.nextSibling.remove();
    for (; last > to; last--) below.previousSibling.remove();
    while (first > from) above.after(rowAt(--first));
    while (last < to) below.before(rowAt(last++));
    above.firstChild.style.height = `${first * ROW}px`;
    below.firstChild.style.height = `${(order.length - last) * ROW}px`;
    above.hidden = !first;
    below.hidden = last === order.length;
    drawn = true;
  };
  const mark = () => {
    body.querySelector("tr.on")?.classList.remove("on");
    body.querySelector(`tr[data-place="${order.indexOf(chosen)}"]`)?.classList.add("on");
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
    mark();
    toAddress();
    const detail = $("detail");
    const findings = make("ul");
    for (const [code, severity, message] of data.findings[i]) {
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
    const diff = make("p", "word-diff");
    const text = make("bdi");
    for (const [kind, words] of data.words[data.id[i]] || [["", data.text[i] || "(no text)"]]) {
      let part = document.createTextNode(words);
      for (const name of kind.split(" ").filter(Boolean).reverse()) {
        const around = make(name);
        around.append(part);
        part = around;
      }
      text.append(part, " ");
    }
    diff.append(text);
    const close = make("button", "close", "Close");
    close.type = "button";
    close.addEventListener("click", closeDetail);
    detail.replaceChildren(close, make("h3", "", data.id[i]), ...player(i), diff, make("p", "muted", [data.path[i], data.speaker[i], data.verdicts[data.verdict[i]]].filter(Boolean).join(" · ")), findings, facts);
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

  // ---- the audio of a row, from where the corpus lay; ids and paths with characters that were spelled out have none
  const player = (i) => {
    if (!data.root || data.path[i].includes("⟨U+") || data.path[i].endsWith("…")) return [];
    const audio = make("audio");
    const [start, end] = data.pieces[i] || [0, null];
    audio.controls = true;
    audio.preload = "none";
    audio.setAttribute("aria-label", `Audio of ${data.id[i]}`);
    audio.src = `${data.root}/${data.path[i]}`.split("/").map(encodeURIComponent).join("/") + (start || end ? `#t=${start}${end ? `,${end}` : ""}` : "");
    const lost = make("p", "muted", `Not played: ${data.root} is not where it was, or this browser does not know the format. ttsprep review plays it.`);
    lost.hidden = true;
    audio.addEventListener("error", () => { lost.hidden = false; });
    return [audio, lost];
  };
  const closeDetail = () => {
    $("detail").hidden = true;
    $("detail").replaceChildren();
    chosen = -1;
    mark();
    toAddress();
    view.focus({ preventScroll: true });
  };
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !$("detail").hidden) closeDetail(); });

  view.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(view); // the first rows make it as high as it is
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr.row");
    if (row) choose(Number(row.dataset.place));
  });
  view.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target === view) {
      const audio = $("detail").querySelector("audio");
      event.preventDefault();
      if (audio) { if (audio.paused) audio.play().catch(() => {}); else audio.pause(); }
    }
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
  const filters = { q: query, verdict: byVerdict, code: byCode, severity: bySeverity, ...(bySound && { sound: bySound }), by: byValue, from, to };
  for (const field of Object.values(filters)) field.addEventListener("input", refresh);
  const filter = (values) => {
    for (const [name, field] of Object.entries(filters)) field.value = values[name] || "";
    refresh();
    $("clips").scrollIntoView();
  };
  $("clear").addEventListener("click", () => { sorted = null; filter({}); });
  document.addEventListener("click", (event) => {
    const { code, verdict, query: q, sound, by, from: low, to: high } = event.target.closest("[data-code], [data-verdict], [data-query], [data-sound], [data-by]")?.dataset || {};
    if (code || verdict || q || sound || by) filter({ code, verdict, q, sound, by, from: low, to: high });
  });

  // ---- bars and cells: one stop of the Tab key a chart, arrow keys from one to the next, Enter filters
  for (const chart of document.querySelectorAll("svg:has([data-by], [data-sound])")) {
    const bars = [...chart.querySelectorAll("[data-by], [data-sound]")];
    bars.forEach((bar, n) => {
      bar.setAttribute("role", "button");
      bar.setAttribute("aria-label", bar.dataset.tip);
      bar.setAttribute("tabindex", n ? -1 : 0);
    });
    chart.addEventListener("keydown", (event) => {
      const place = bars.indexOf(event.target);
      if (place < 0) return;
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); bars[place].dispatchEvent(new MouseEvent("click", { bubbles: true })); }
      const below = (bar) => bar.getAttribute("x") === bars[place].getAttribute("x"); // in the same column
      const next = {
        ArrowRight: () => bars[place + 1],
        ArrowLeft: () => bars[place - 1],
        ArrowDown: () => bars.slice(place + 1).find(below),
        ArrowUp: () => bars.slice(0, place).findLast(below),
      }[event.key]?.();
      if (!next) return;
      event.preventDefault();
      bars[place].setAttribute("tabindex", -1);
      next.setAttribute("tabindex", 0);
      next.focus();
    });
  }

  // ---- filters and the chosen clip are in the address
  let restored = false;
  const toAddress = () => {
    if (!restored) return;
    const state = new URLSearchParams();
    for (const [name, field] of Object.entries(filters)) if (field.value) state.set(name, field.value);
    if (sorted !== null) state.set("sort", `${falling ? "-" : ""}${columns[sorted].name}`);
    if (chosen >= 0) state.set("clip", data.id[chosen]);
    history.replaceState(null, "", `${location.pathname}${location.search}#${state.size ? `clips?${state}` : ""}`);
  };
  const fromAddress = () => {
    const state = location.hash.startsWith("#clips?") ? new URLSearchParams(location.hash.slice(7)) : new URLSearchParams();
    for (const [name, field] of Object.entries(filters)) if (state.has(name)) field.value = state.get(name);
    const sort = state.get("sort") || "";
    const column = columns.findIndex((c) => c.name === sort.replace(/^-/, ""));
    if (column >= 0) { sorted = column; falling = sort.startsWith("-"); }
    refresh();
    const place = state.has("clip") ? order.findIndex((i) => data.id[i] === state.get("clip")) : -1;
    if (place >= 0) { view.scrollTop = Math.max(0, (place - 5) * ROW); choose(place); }
    if (state.size) $("clips").scrollIntoView();
    restored = true;
  };

  // ---- what is filtered, to take along
  const rowsOf = () => order.map((i) => ({
    id: data.id[i], path: data.path[i], text: data.text[i], speaker: data.speaker[i], verdict: data.verdicts[data.verdict[i]],
    findings: [...new Set(data.findings[i].map((f) => data.codes[f[0]]))],
    ...Object.fromEntries(data.quantities.map((q) => [q.column, q.values[i]])),
  }));
  const taken = (text) => { $("taken").textContent = text; };
  const save = (name, type, text) => {
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    taken(`${plural(order.length, "clip")} saved as ${name}`);
  };
  $("copy").addEventListener("click", async () => {
    const text = order.map((i) => data.id[i]).join("\n");
    try { await navigator.clipboard.writeText(text); } catch {
      const area = make("textarea", "", text); // a page from disk may have no clipboard of its own
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    taken(`${plural(order.length, "id")} copied`);
  });
  $("csv").addEventListener("click", () => {
    const cell = (value) => {
      const text = Array.isArray(value) ? value.join(" ") : String(value ?? "");
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const rows = rowsOf();
    save("clips.csv", "text/csv", [Object.keys(rows[0] || { id: "" }), ...rows.map(Object.values)].map((row) => row.map(cell).join(",")).join("\n") + "\n");
  });
  $("jsonl").addEventListener("click", () => save("clips.jsonl", "application/jsonl", rowsOf().map((row) => `${JSON.stringify(row)}\n`).join("")));

  // ---- the corpus as a strip: of clips that share a column of pixels the longest gives the height, the worst the colour
  const strip = $("strip");
  const columnsOf = (wide) => { // of a few clips the columns do not grow into blocks
    const slots = Math.min(size, wide);
    return { slots, step: Math.min(wide / slots, 24 * (devicePixelRatio || 1)) };
  };
  const drawStrip = () => {
    const ratio = devicePixelRatio || 1, wide = Math.round(strip.clientWidth * ratio), high = Math.round(64 * ratio);
    if (!length || !wide) return;
    strip.width = wide;
    strip.height = high;
    const style = getComputedStyle(document.documentElement), pen = strip.getContext("2d");
    const colours = ["--bar", "--bar", "--fix", "--drop"].map((name) => style.getPropertyValue(name));
    const longest = length.values.reduce((most, v) => Math.max(most, v || 0), 0) || 1;
    const { slots, step } = columnsOf(wide);
    for (let slot = 0; slot < slots; slot++) {
      let worst = 0, most = 0;
      for (let i = Math.floor((slot * size) / slots); i < Math.floor(((slot + 1) * size) / slots); i++) {
        most = Math.max(most, length.values[i] || 0);
        for (const f of data.findings[i]) worst = Math.max(worst, f[1] + 1);
      }
      pen.fillStyle = colours[worst];
      const tall = Math.max(1, (most / longest) * high);
      pen.fillRect(slot * step, high - tall, Math.max(1, step > 3 ? step - 1 : step), tall);
    }
  };
  if (length && size) {
    $("strip-figure").hidden = false;
    drawStrip();
    addEventListener("resize", drawStrip);
    $("theme").addEventListener("click", () => requestAnimationFrame(drawStrip));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawStrip);
    strip.addEventListener("click", (event) => {
      const { slots, step } = columnsOf(strip.width), slot = Math.max(0, Math.floor(((event.offsetX / strip.clientWidth) * strip.width) / step));
      if (slot >= slots) return;
      let best = Math.floor((slot * size) / slots);
      for (let i = best; i < Math.floor(((slot + 1) * size) / slots); i++) if (weight(i) > weight(best)) best = i;
      openClip(data.id[best]);
    });
  }

  const openClip = (id) => {
    filter({ q: id });
    const place = order.findIndex((i) => data.id[i] === id);
    if (place >= 0) choose(place);
    view.focus({ preventScroll: true });
  };
  fromAddress();

  // ---- what the scripts that follow need, too
  globalThis.report = { $, make, plural, spell, openCard, openClip };
})();
