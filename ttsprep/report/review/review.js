"use strict";
(async () => {
  const $ = (id) => document.getElementById(id);
  const make = (name, className, text) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  history.replaceState(null, "", location.pathname + location.hash); // the token is in a cookie from here on
  const get = async (path) => {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return answer.json();
  };
  const tell = (text, bad = false) => { $("state").textContent = text; $("state").classList.toggle("warn", bad); };
  let session;
  try { session = await get("session"); } catch (error) { tell(`Cannot read the audit: ${error.message}`, true); return; }
  const size = session.id.length;
  const place = new Map(session.id.map((id, i) => [id, i]));
  // a character that would act instead of show is spelled out
  const visible = (text) => (text || "").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) =>
    "\u200c\u200d".includes(c) ? c : `⟨U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
  const spell = (seconds) => seconds < 90 ? `${Math.round(seconds)} s`
    : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
  const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
  const announce = (text) => { $("announce").textContent = text; };

  // ---- decisions
  const local = new Map(Object.entries(session.decisions).map(([i, decision]) => [Number(i), decision]));
  const saver = makeSaver({
    store: `ttsprep review ${session.file}`,
    saved: new Map(local),
    tell,
    changed: (clip, decision) => { put(clip, decision); refreshList(); if (clip === now()) showDecision(); },
    ask: async (clip, mine, theirs) => {
      $("conflict-clip").textContent = visible(session.id[clip]);
      $("mine").textContent = words(mine);
      $("theirs").textContent = words(theirs);
      return (await answered($("conflict"))) === "mine";
    },
  });
  const put = (clip, decision) => { if (decision) local.set(clip, decision); else local.delete(clip); };
  for (const change of saver.pending()) put(change.clip, change.new);
  const isDecided = (i) => local.has(i) && local.get(i).decision !== "";
  const undone = [];
  const decide = (changes) => {
    const group = changes.map(([clip, fields]) => {
      const seen = local.get(clip) || null;
      const wanted = fields && { ...(seen || saver.none), ...fields, reviewer: session.reviewer };
      const empty = !wanted || ["decision", "text", "reason", "start", "end"].every((f) => wanted[f] === saver.none[f]);
      return { clip, seen, new: empty ? null : wanted };
    });
    for (const change of group) put(change.clip, change.new);
    saver.save(group);
    showDecision();
    refreshList();
    return group;
  };
  const act = (changes) => { undone.push(decide(changes)); clock(); };
  const words = (decision) => {
    if (!decision) return "undecided";
    const parts = [{ keep: "keep", reject: "drop", "": "undecided" }[decision.decision]];
    if (decision.reason) parts[0] += ` (${decision.reason})`;
    if (decision.text !== null) parts.push("text corrected");
    if (decision.start !== null || decision.end !== null) parts.push("trimmed");
    if (decision.reviewer) parts.push(`by ${decision.reviewer}`);
    return visible(parts.join(", "));
  };

  // ---- the queue
  const WARNING = 1;
  const fields = { code: $("by-code"), order: $("by-order"), show: $("by-state"), q: $("search") };
  const counts = session.codes.map(() => 0);
  let flagged = 0;
  for (const findings of session.findings) {
    for (const code of new Set(findings.map((f) => f[0]))) counts[code] += 1;
    if (findings.some((f) => f[1] >= WARNING)) flagged += 1;
  }
  const option = (value, text) => { const o = make("option", "", text); o.value = value; fields.code.append(o); };
  option("", `any error or warning (${flagged.toLocaleString("en")})`);
  option("*", `every clip (${size.toLocaleString("en")})`);
  session.codes.forEach((code, i) => counts[i] && option(code, `${visible(code)} (${counts[i].toLocaleString("en")})`));

  const own = (i) => {
    const code = session.codes.indexOf(fields.code.value);
    return session.findings[i].filter((f) => (code < 0 ? f[1] >= WARNING : f[0] === code));
  };
  const nearest = (i) => Math.min(...own(i).map((f) => f[2] ?? 1), Infinity);
  const farthest = (i) => Math.max(...own(i).map((f) => 10 * f[1] + Math.min(f[2] ?? 0, 9)), -1);
  // mulberry32, seeded by the name of the corpus: the same sample each time
  const chance = (i) => {
    let t = (i + 1) * 0x6d2b79f5 + [...session.corpus].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) | 0, 7);
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const orders = {
    stake: (a, b) => (session.seconds[b] || 0) - (session.seconds[a] || 0),
    doubt: (a, b) => nearest(a) - nearest(b),
    worst: (a, b) => farthest(b) - farthest(a),
    corpus: () => 0,
    random: (a, b) => chance(a) - chance(b),
  };
  let queue = [];
  let at = 0;
  const now = () => queue[at] ?? -1;
  const textOf = (i) => local.get(i)?.text ?? session.text[i] ?? "";
  const rebuild = (wanted = now()) => {
    const query = fields.q.value.trim().toLowerCase();
    const all = fields.code.value === "*";
    queue = [];
    for (let i = 0; i < size; i += 1) {
      if (!all && !own(i).length) continue;
      if (fields.show.value && isDecided(i) !== (fields.show.value === "decided")) continue;
      if (query && !`${session.id[i]}\n${textOf(i)}\n${session.speaker[i]}`.toLowerCase().includes(query)) continue;
      queue.push(i);
    }
    queue.sort((a, b) => orders[fields.order.value](a, b) || a - b);
    at = Math.max(0, queue.indexOf(wanted));
    show(false);
  };
  // the queue, and the clip, are in the address, so that a page that is loaded again shows the same
  const toAddress = () => {
    const state = new URLSearchParams();
    for (const [name, field] of Object.entries(fields)) if (field.value) state.set(name, field.value);
    if (now() >= 0) state.set("clip", session.id[now()]);
    history.replaceState(null, "", `#${state}`);
  };
  const fromAddress = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const [name, field] of Object.entries(fields)) {
      if (!state.has(name) && !(location.hash && name !== "order")) continue;
      field.value = state.get(name) || "";
      if (field.value !== (state.get(name) || "")) field.selectedIndex = 0; // a code that this audit does not have
    }
    rebuild(place.get(state.get("clip")) ?? -1);
  };
  for (const field of Object.values(fields)) field.addEventListener("input", () => rebuild());
  $("queue").addEventListener("submit", (event) => { event.preventDefault(); $("clip").focus(); });
  // a list that a pointer has chosen from gives the keys back: D would choose what begins with d
  let pointed = null;
  $("queue").addEventListener("pointerdown", (event) => { pointed = event.target; });
  $("queue").addEventListener("keydown", () => { pointed = null; });
  $("queue").addEventListener("change", (event) => { if (event.target === pointed) $("clip").focus({ preventScroll: true }); });

  // ---- progress
  const taken = [];
  let last = performance.now();
  const clock = () => {
    const moment = performance.now();
    taken.push(Math.min(moment - last, 60_000));
    last = moment;
    if (taken.length > 20) taken.shift();
  };
  const showProgress = () => {
    const done = queue.filter(isDecided).length;
    const middle = [...taken].sort((a, b) => a - b)[taken.length >> 1];
    const left = taken.length >= 3 && done < queue.length ? `, about ${spell(((queue.length - done) * middle) / 1000)} left` : "";
    $("bar").max = queue.length || 1;
    $("bar").value = done;
    $("progress").textContent = `${done.toLocaleString("en")} of ${plural(queue.length, "clip")} decided${left}`;
  };

  // ---- audio: the clip that is shown, and its neighbours as bytes before a key asks for them: a browser has few
  // connections to a server, and a player that waits in the middle of a long file would hold one that saving needs
  const players = new Map();
  const AHEAD = [0, 1, -1, 2];
  const MOST_AHEAD = 24 << 20; // bytes of a clip
  const fetchAhead = async (i, audio) => {
    const enough = new AbortController();
    const answer = await fetch(`clips/${i}/audio`, { signal: enough.signal });
    if (!answer.ok || Number(answer.headers.get("Content-Length")) > MOST_AHEAD) { enough.abort(); return; }
    const bytes = await answer.blob();
    if (players.get(i) === audio && !audio.src) audio.src = URL.createObjectURL(bytes);
  };
  const load = (steps) => {
    const kept = new Set(AHEAD.map((step) => queue[at + step]));
    for (const [i, audio] of players) {
      if (kept.has(i)) continue;
      audio.pause();
      URL.revokeObjectURL(audio.src);
      audio.removeAttribute("src");
      audio.load();
      players.delete(i);
    }
    for (const i of steps.map((step) => queue[at + step])) {
      if (i === undefined) continue;
      const known = players.has(i);
      const audio = players.get(i) || new Audio();
      players.set(i, audio);
      if (!known) {
        audio.preload = "auto";
        audio.addEventListener("play", follow);
        audio.addEventListener("pause", showPlaying);
      }
      if (i === now()) { if (!audio.src) audio.src = `clips/${i}/audio`; }
      else if (!known) fetchAhead(i, audio).catch(() => null); // it is asked for again when it is shown
    }
  };
  const player = () => players.get(now());
  let until = Infinity;
  let pressed = 0; // when the key went down that is being handled
  let silent = null; // what was asked to play, and when, until it sounds
  const piece = (i = now()) => [local.get(i)?.start ?? 0, local.get(i)?.end ?? Infinity];
  const play = (from, to) => {
    const audio = player();
    if (!audio) return;
    for (const other of players.values()) if (other !== audio) other.pause();
    const asked = pressed || performance.now();
    const [start, end] = piece();
    until = to ?? end;
    const place = from ?? (audio.ended || audio.currentTime >= until - 0.01 || audio.currentTime < start ? start : audio.currentTime);
    if (place !== audio.currentTime) audio.currentTime = place;
    silent = { asked, place };
    audio.playbackRate = Number($("speed").value);
    audio.play().catch((error) => { if (error.name !== "AbortError" && audio === player() && $("note").hidden) note(`Cannot play this clip: ${error.message}`); });
  };
  const follow = () => {
    const audio = player();
    if (!audio) return;
    const sounded = silent && audio.currentTime - silent.place;
    if (sounded > 0) {
      performance.measure("key to sound", { start: silent.asked, end: performance.now() - (1000 * sounded) / audio.playbackRate });
      silent = null;
    }
    if (audio.currentTime >= until) { audio.pause(); until = Infinity; }
    moveHead();
    showPlaying();
    if (!audio.paused) requestAnimationFrame(follow);
  };
  $("speed").addEventListener("input", () => { if (player()) player().playbackRate = Number($("speed").value); });
  const showPlaying = () => {
    const playing = player() && !player().paused;
    const button = document.querySelector("[data-do=play]");
    button.firstChild.data = playing ? "Pause " : "Play ";
  };
  const moveHead = () => { $("head").style.transform = `translateX(${100 * share(player()?.currentTime || 0)}cqw)`; };

  // ---- the clip
  let length = 0;
  let details = null;
  let clipped = []; // from when to when
  const known = new Map();
  const fetched = (i, what) => {
    const key = `clips/${i}/${what}`;
    if (!known.has(key)) {
      known.set(key, get(key).catch((error) => { known.delete(key); return { fault: error.message }; }));
      if (known.size > 40) known.delete(known.keys().next().value);
    }
    return known.get(key);
  };
  const share = (second) => Math.min(Math.max(second / (length || 1), 0), 1);
  const percent = (second) => `${(100 * share(second)).toFixed(3)}%`;
  const show = (playing) => {
    for (const audio of players.values()) audio.pause();
    silent = null;
    load([0]);
    if (playing && now() >= 0 && $("autoplay").checked) play(piece()[0]); // before all that is drawn
    toAddress();
    refreshList();
    closeEditor();
    const i = now();
    $("clip").classList.toggle("empty", i < 0);
    details = null;
    clipped = [];
    length = session.seconds[i] || 0;
    for (const part of ["findings", "marks", "text"]) $(part).replaceChildren();
    for (const part of ["note", "legend"]) $(part).hidden = true;
    $("wave").firstElementChild.removeAttribute("d");
    $("spectrogram").removeAttribute("src");
    $("path").textContent = $("place").textContent = $("verdict").textContent = "";
    $("name").textContent = i < 0 ? "No clip is left in this queue" : visible(session.id[i]);
    if (i < 0) { announce("No clip is left in this queue"); showDecision(); return; }
    const length_ = session.seconds[i] === null ? "" : `${session.seconds[i]} s`;
    $("place").textContent = `${(at + 1).toLocaleString("en")} of ${queue.length.toLocaleString("en")} · ${length_}`;
    $("text").textContent = visible(textOf(i)).trim() || "(no text)";
    showDecision();
    moveHead();
    const codes = [...new Set(session.findings[i].map((f) => session.codes[f[0]]))].join(", ");
    announce(`${session.id[i]}, ${at + 1} of ${queue.length}, ${codes || "no finding"}, ${words(local.get(i))}`);
    fetched(i, "details").then((found) => {
      if (i !== now()) return;
      showDetails(found);
      load(AHEAD);
    });
    fetched(i, "picture").then((found) => {
      if (i !== now()) return;
      showPicture(found);
      for (const next of [queue[at + 1], queue[at + 2]]) if (next !== undefined) { fetched(next, "details"); fetched(next, "picture"); }
    });
  };
  const showDetails = (found) => {
    if (found.fault) { note(found.fault); return; }
    details = found;
    $("findings").replaceChildren(); // a clip that was left and shown again while this was asked for gets it twice
    const mine = (finding) => finding.code === fields.code.value;
    const findings = [...found.findings.filter(mine), ...found.findings.filter((finding) => !mine(finding))];
    const part = found.piece ? ` · ${found.piece[0]} s to ${found.piece[1] ?? "its end"}${found.piece[1] === null ? "" : " s"}` : "";
    $("path").textContent = `· ${visible(found.path)}${part}`;
    const because = session.verdict[now()] || !findings.length ? found.because : `${findings[0].code}: ${findings[0].message}`;
    $("verdict").textContent = $("verdict").title = `${session.verdicts[session.verdict[now()]]}: ${visible(because)}`;
    for (const { code, severity, message, twin } of findings) {
      const line = make("li");
      line.append(make("span", `badge ${severity}`, severity), " ", make("b", "", visible(code)), " ", make("bdi", "", visible(message)));
      if (twin !== null) line.append(" ", twinButton());
      $("findings").append(line);
    }
    showText();
    showMarks();
  };
  // a clip and what it repeats: they lie beside each other in the queue once one has led to the other
  const twins = new Map();
  const twinOf = (i) => twins.get(i) ?? details?.findings.find((finding) => finding.twin !== null)?.twin;
  const twinButton = () => {
    const button = make("button", "link", "Go to the other clip ");
    button.type = "button";
    button.dataset.do = "twin";
    button.append(make("kbd", "", "T"));
    return button;
  };
  const showText = () => {
    const i = now();
    const own_ = local.get(i)?.text ?? null;
    const spans = own_ === null && details ? details.words : [];
    $("legend").hidden = !spans.some((span) => !span.same || span.mark);
    $("text").replaceChildren();
    if (!spans.length) { $("text").textContent = visible(textOf(i)).trim() || "(no text)"; return; }
    for (const span of spans) {
      if (span.written) {
        let word = document.createTextNode(visible(span.written));
        for (const kind of [!span.same && "del", span.mark && "mark"]) {
          if (!kind) continue;
          const outer = make(kind);
          outer.append(word);
          word = outer;
        }
        $("text").append(word, " ");
      }
      if (span.hypothesis) $("text").append(make("ins", "", visible(span.hypothesis)), " ");
    }
  };
  const note = (text) => { if (text) { $("note").hidden = false; $("note").textContent = visible(text); } };
  const showPicture = (found) => {
    if (found.fault) { note(`Nothing to hear: ${found.fault}`); return; }
    length = found.seconds;
    clipped = found.clipped;
    $("wave").setAttribute("viewBox", `0 -100 ${found.columns} 200`);
    $("wave").firstElementChild.setAttribute("d", found.wave);
    $("spectrogram").src = found.spectrogram;
    note(found.note);
    showMarks();
    showDecision();
    moveHead();
  };
  const showMarks = () => {
    $("marks").replaceChildren();
    const named = new Set();
    const places = (details ? details.findings : []).filter((f) => f.start !== null).flatMap((f) =>
      f.code === "clipping" && clipped.length ? clipped.map(([start, end]) => ({ ...f, start, end })) : [f]);
    for (const { code, severity, start, end } of places) {
      const mark = make("span", `mark ${severity}`, named.has(code) ? "" : visible(code));
      named.add(code);
      mark.style.left = percent(start);
      mark.style.width = `max(3px, ${(100 * ((end ?? start) - start)) / (length || 1)}%)`;
      if (start / (length || 1) > 0.6) mark.classList.add("late");
      $("marks").append(mark);
    }
  };
  const showDecision = () => {
    const i = now();
    const decision = local.get(i) || null;
    $("decided").textContent = i < 0 ? "" : `Decision: ${words(decision)}`;
    $("decided").dataset.is = decision ? decision.decision : "";
    const [start, end] = [decision?.start ?? 0, Math.min(decision?.end ?? length, length || Infinity)];
    for (const [name, second] of [["start", start], ["end", end]]) {
      $(name).style.left = percent(second);
      $(name).setAttribute("aria-valuemax", length.toFixed(2));
      $(name).setAttribute("aria-valuenow", second.toFixed(2));
      $(name).setAttribute("aria-valuetext", `${second.toFixed(2)} seconds`);
    }
    $("off-start").style.width = percent(start);
    $("off-end").style.left = percent(end);
    const trimmed = decision && (decision.start !== null || decision.end !== null);
    $("trimmed").textContent = trimmed ? `Built from ${start.toFixed(2)} s to ${end.toFixed(2)} s of ${length.toFixed(2)} s` : "";
    if (i >= 0 && $("editor").hidden) showText();
    showProgress();
  };

  // ---- the list beside the clip: a few before, more after
  const shorten = (name) => (name.length > 30 ? `${name.slice(0, 14)}…${name.slice(-15)}` : name);
  const refreshList = () => {
    const first = Math.max(0, Math.min(at - 8, queue.length - 30));
    const list = document.querySelector("#list ol");
    list.start = first + 1;
    list.replaceChildren(...queue.slice(first, first + 30).map((i, n) => {
      const line = make("li");
      const button = make("button", `item ${local.get(i)?.decision || ""}`);
      button.type = "button";
      button.append(make("bdi", "", shorten(visible(session.id[i]))));
      button.title = visible(session.id[i]);
      const done = local.get(i);
      if (done) button.append(" ", make("small", "", words(done)));
      button.tabIndex = first + n === at ? 0 : -1;
      if (first + n === at) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => { at = first + n; show(true); });
      line.append(button);
      return line;
    }));
  };
  $("list").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    go(step);
    document.querySelector("#list [aria-current]")?.focus();
  });

  // ---- what the keys do
  const go = (step) => {
    const to = at + step;
    if (to < 0 || to >= queue.length) { announce(step > 0 ? "This is the last clip" : "This is the first clip"); return; }
    at = to;
    show(true);
  };
  const settle = (decision, reason) => {
    const i = now();
    if (i < 0) return;
    act([[i, { decision, ...(reason === undefined ? {} : { reason }) }]]);
    announce(`${session.id[i]}: ${words(local.get(i))}`);
    if (at + 1 < queue.length) go(1);
    else announce("That was the last clip of this queue");
  };
  const pace = (step) => {
    const speed = $("speed");
    speed.selectedIndex = Math.min(Math.max(speed.selectedIndex + step, 0), speed.length - 1);
    speed.dispatchEvent(new Event("input"));
    announce(`Speed ${speed.value}`);
  };
  const actions = {
    next: () => go(1),
    previous: () => go(-1),
    play: () => (player() && !player().paused ? player().pause() : play()),
    again: () => {
      const marks = (details ? details.findings : []).filter((f) => f.start !== null);
      const mark = marks.find((f) => f.code === fields.code.value) || marks[0];
      const middle = mark ? (mark.start + (mark.end ?? mark.start)) / 2 : (player()?.currentTime || 0) - 0.25;
      const start = Math.max(0, Math.min(middle - 0.25, length - 0.5));
      play(start, start + 0.5);
    },
    keep: () => settle("keep", isDecided(now()) && local.get(now()).decision === "reject" ? "" : undefined),
    drop: () => settle("reject"),
    edit: () => {
      if (now() < 0) return;
      $("reading").hidden = true;
      $("editor").hidden = false;
      $("edited").value = textOf(now());
      $("edited").focus();
    },
    swap: () => swap(),
    twin: () => {
      const i = now();
      const other = twinOf(i);
      if (other === undefined) { announce("No finding says that this clip repeats another"); return; }
      $("clip").focus({ preventScroll: true }); // the button goes with its finding
      twins.set(other, i);
      if (queue[at - 1] === other) { go(-1); return; }
      queue = queue.filter((n) => n !== other);
      at = queue.indexOf(i);
      queue.splice(at + 1, 0, other);
      go(1);
    },
    undo: () => {
      const group = undone.pop();
      if (!group) { announce("Nothing to undo"); return; }
      decide(group.map((change) => [change.clip, change.seen]));
      const place_ = queue.indexOf(group[0].clip);
      if (place_ >= 0) { at = place_; show(false); }
      announce(`Undone: ${session.id[group[0].clip]} is ${words(local.get(group[0].clip))}`);
    },
    slower: () => pace(-1),
    faster: () => pace(1),
    search: () => { fields.q.focus(); fields.q.select(); },
    help: () => { if (!$("help").open) $("help").showModal(); },
    startHere: () => trim("start", player()?.currentTime || 0),
    endHere: () => trim("end", player()?.currentTime || 0),
    untrim: () => { if (now() >= 0) act([[now(), { start: null, end: null }]]); },
  };
  const keys = {
    j: "next", k: "previous", " ": "play", r: "again", a: "keep", d: "drop", e: "edit", s: "swap", t: "twin", u: "undo",
    "/": "search", "?": "help", "[": "startHere", "]": "endHere", "\\": "untrim",
    "<": "slower", ">": "faster",
  };
  const reason = (number) => {
    const i = now();
    const text = session.reasons[number];
    if (i < 0 || text === undefined) return;
    if (isDecided(i)) { act([[i, { reason: text }]]); announce(`${session.id[i]}: ${words(local.get(i))}`); }
    else settle("reject", text);
  };
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.closest("textarea, select, input:not([type=checkbox])")) {
      if (event.key === "Escape" && $("queue").contains(target)) $("clip").focus();
      return;
    }
    if (!$("keys-on").checked) return;
    pressed = event.timeStamp;
    setTimeout(() => { pressed = 0; });
    if (/^[1-9]$/.test(event.key)) reason(Number(event.key) - 1);
    const name = keys[event.key.toLowerCase()];
    if (event.key === " " && target.closest("button, input, a")) return; // the key presses the button
    if (!name || (event.repeat && !["next", "previous"].includes(name))) return;
    event.preventDefault();
    actions[name]();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) actions[button.dataset.do]();
    // after a click, Space plays; it does not press the button again
    if (event.detail && document.activeElement.matches("#actions button, #list button, #autoplay")) $("clip").focus({ preventScroll: true });
  });
  $("help-button").addEventListener("click", actions.help);
  session.reasons.forEach((text, i) => {
    const button = make("button", "", `${text} `);
    button.type = "button";
    button.append(make("kbd", "", String(i + 1)));
    button.addEventListener("click", () => reason(i));
    $("reasons").append(button);
  });

  // ---- the text
  const closeEditor = () => { $("editor").hidden = true; $("reading").hidden = false; };
  const endEditing = () => { closeEditor(); $("clip").focus(); };
  $("editor").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("edited").value.trim();
    if (text && text !== textOf(now())) act([[now(), { text: text === session.text[now()] ? null : text }]]);
    endEditing();
    showText();
    announce("The text is saved");
  });
  $("edited").addEventListener("keydown", (event) => {
    if (event.key === "Escape") endEditing();
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); $("editor").requestSubmit(); }
  });
  $("edit-cancel").addEventListener("click", endEditing);
  const answered = (dialog) => new Promise((resolve) => {
    dialog.returnValue = "";
    dialog.showModal();
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
  const swap = async () => {
    const i = now();
    if (i < 0) return;
    const proposed = session.proposed[i];
    const partner = proposed === undefined ? -1 : session.text.indexOf(proposed);
    const near = [partner, i + 1, i - 1, i + 2, i - 2].filter((n) => n >= 0 && n < size && n !== i);
    $("others").replaceChildren(...near.map((n) => { const o = make("option"); o.value = session.id[n]; return o; }));
    $("other").value = session.id[near[0]] || "";
    const showOther = () => { $("other-text").textContent = place.has($("other").value) ? visible(textOf(place.get($("other").value))) : "no clip has this id"; };
    $("other").oninput = showOther;
    showOther();
    const answer = await answered($("swap"));
    const other = place.get($("other").value);
    if (answer !== "swap" || other === undefined || other === i) return;
    const [mine, theirs] = [textOf(i), textOf(other)];
    act([[i, { text: theirs }], [other, { text: mine }]]);
    showText();
    announce(`The texts of ${session.id[i]} and ${session.id[other]} are swapped`);
  };

  // ---- start and end
  const trim = (name, second) => {
    if (now() < 0 || !length) return;
    const [start, end] = [piece()[0], Math.min(piece()[1], length)];
    const value = name === "start" ? Math.min(Math.max(second, 0), end - 0.05) : Math.max(Math.min(second, length), start + 0.05);
    const whole = name === "start" ? value <= 0.005 : value >= length - 0.005;
    act([[now(), { [name]: whole ? null : Math.round(value * 1000) / 1000 }]]);
  };
  for (const name of ["start", "end"]) {
    const handle = $(name);
    const value = () => Number(handle.getAttribute("aria-valuenow"));
    handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.01, ArrowDown: -0.01, ArrowRight: 0.01, ArrowUp: 0.01, PageDown: -0.1, PageUp: 0.1, Home: -1e9, End: 1e9 }[event.key];
      if (!step) return;
      event.preventDefault();
      trim(name, value() + step);
    });
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.focus();
      handle.setPointerCapture(event.pointerId);
    });
    const second = (event) => {
      const box = $("stage").getBoundingClientRect();
      return ((event.clientX - box.left) / box.width) * length;
    };
    handle.addEventListener("pointermove", (event) => {
      if (handle.hasPointerCapture(event.pointerId)) handle.style.left = percent(second(event));
    });
    handle.addEventListener("pointerup", (event) => {
      if (handle.hasPointerCapture(event.pointerId)) trim(name, second(event));
    });
  }
  $("stage").addEventListener("click", (event) => {
    if (event.target.closest(".handle") || !length) return;
    const box = $("stage").getBoundingClientRect();
    play(((event.clientX - box.left) / box.width) * length);
  });

  // ---- begin
  document.title = `${visible(session.corpus)}: review`;
  $("corpus").textContent = visible(session.corpus);
  $("file").textContent = visible(session.file);
  fromAddress();
  tell("All decisions are saved");
  saver.flush();
  document.documentElement.dataset.ready = "yes";
})();
