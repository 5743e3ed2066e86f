"use strict";
// Decisions on their way to the file: kept in the browser until the server has them on disk, in order, and merged
// where another page has decided on the same clip.
globalThis.makeSaver = ({ store, saved, ask, tell, changed }) => {
  const FIELDS = ["decision", "text", "reason", "start", "end"];
  const same = (a, b) => (!a && !b) || (a && b && FIELDS.every((field) => a[field] === b[field]));
  const none = { decision: "", text: null, reason: "", start: null, end: null, reviewer: "" };
  const own = `${store}:${crypto.randomUUID()}`;
  const channel = new BroadcastChannel(store);
  let pending = [];
  let decided = 0; // how often anything was decided, here or in another tab
  let busy = false;
  let timer = 0;

  const keep = () => {
    if (pending.length) localStorage.setItem(own, JSON.stringify(pending));
    else localStorage.removeItem(own);
  };
  // what a page that is gone has not saved; a change that is saved already does no harm
  for (const name of Object.keys(localStorage)) {
    if (!name.startsWith(`${store}:`)) continue;
    pending.push(...JSON.parse(localStorage.getItem(name)));
    localStorage.removeItem(name);
  }
  keep();

  const merge = async ({ clip, seen, new: mine }, theirs) => {
    const [a, b, c] = [seen || none, mine || none, theirs || none];
    const merged = { ...b };
    for (const field of FIELDS) {
      if (b[field] === c[field] || c[field] === a[field]) continue;
      if (b[field] === a[field]) { merged[field] = c[field]; continue; }
      return (await ask(clip, mine, theirs)) ? mine : theirs;
    }
    return FIELDS.every((field) => merged[field] === none[field]) ? null : merged;
  };

  const rebase = async (current) => {
    for (const [number, theirs] of Object.entries(current)) {
      const clip = Number(number);
      const ours = pending.flat().filter((change) => change.clip === clip);
      if (!ours.length) continue;
      const result = await merge({ clip, seen: ours[0].seen, new: ours[ours.length - 1].new }, theirs);
      pending = pending.map((group) => group.filter((change) => change.clip !== clip)).filter((group) => group.length);
      saved.set(clip, theirs);
      if (!same(result, theirs)) pending.unshift([{ clip, seen: theirs, new: result }]);
      changed(clip, result);
    }
    keep();
  };

  const later = (why) => {
    tell(`${pending.length} not saved: ${why}`, true);
    clearTimeout(timer);
    timer = setTimeout(() => { timer = 0; flush(); }, 1000);
  };

  const flush = async () => {
    if (busy) return;
    busy = true;
    try {
      while (pending.length) {
        const group = pending[0];
        let answer;
        try {
          const body = JSON.stringify(group);
          answer = await fetch("decisions", { method: "POST", body, headers: { "Content-Type": "application/json" } });
        } catch {
          later("ttsprep review is not running. Start it again with the same command: this page goes on.");
          return;
        }
        if (answer.ok) {
          pending = pending.filter((other) => other !== group);
          for (const change of group) {
            saved.set(change.clip, change.new);
            channel.postMessage(change);
          }
          keep();
        } else if (answer.status === 409) {
          await rebase((await answer.json()).current);
        } else {
          later((await answer.text()).trim());
          return;
        }
      }
      clearTimeout(timer);
      timer = 0;
      tell("All decisions are saved");
    } finally {
      busy = false;
    }
  };

  // another tab of this browser has saved
  channel.onmessage = ({ data: { clip, new: decision } }) => {
    decided += 1;
    if (pending.flat().some((change) => change.clip === clip)) return;
    saved.set(clip, decision);
    changed(clip, decision);
  };
  // another browser, or a program, may have written while nobody looked here
  addEventListener("focus", async () => {
    const before = decided;
    const answer = await fetch("decisions").catch(() => null);
    const now = answer && answer.ok && (await answer.json());
    if (!now || pending.length || decided !== before) return; // what was decided meanwhile may not be in the answer
    for (const clip of new Set([...saved.keys(), ...Object.keys(now).map(Number)])) {
      const decision = now[clip] || null;
      if (same(saved.get(clip), decision)) continue;
      saved.set(clip, decision);
      changed(clip, decision);
    }
  });
  addEventListener("beforeunload", (event) => { if (pending.length) event.preventDefault(); });

  return {
    none,
    pending: () => pending.flat(),
    save: (group) => {
      decided += 1;
      pending.push(group);
      keep();
      if (!timer) tell("Saving …");
      flush();
    },
    flush,
  };
};
