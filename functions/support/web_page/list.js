"use strict";

// The list: looking again, news of ends, counts.

const LIMIT = "50";  // watches per page
const PACES = [5, 10, 20, 30].map((seconds) => seconds * SECOND);  // between looks; starts over at each change
const PAUSES = [5, 10, 20, 40, 60].map((seconds) => seconds * SECOND);  // after failures in a row
const HIDDEN = MINUTE;  // between looks while nobody sees the page: only the title tells
const GATES = MINUTE;  // between looks at the gates
const LOOKED_UP = 10;  // watches that have left the list, in one look
const NEWS = 30 * SECOND;  // that news stay, while somebody sees them

let pages = 1;  // how many are shown
let look = 0;  // number of the latest look; responses to earlier ones are stale
let timer = 0;
let calm = 0;  // looks in a row that saw no change
let failures = 0;  // in a row
let last = "";  // what was seen
let shown = "";  // the filters of what is shown
let openFrom = 0;  // the app asked to be left alone until then
let gatesDue = 0;  // when to ask for the gates again
let untold = [];  // watches that have ended
const left = new Set();  // ids of open watches that have left the list, to look up

/** Looks at another list. */
function begin() {
  pages = 1;
  refresh();
}

async function refresh() {
  const mine = (look += 1);
  clearTimeout(timer);
  if (sessionStorage.getItem(KEY) === null) return;
  let pause;
  try {
    const found = await list(() => mine === look);
    if (mine !== look) return;
    show(found);
    await lookUp(() => mine === look);
    if (mine !== look) return;  // the look that follows tells
    if (untold.length) tell(endings(untold.splice(0)));
    await refreshGates(() => mine === look);
    if (mine !== look) return;
    failures = 0;
    say("trouble", "");
    pause = paceOf(found.watches);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (mine !== look) return;
    say("trouble", `${error.message} This page tries again by itself.`);
    pause = Math.max(PAUSES[Math.min(failures, PAUSES.length - 1)], error.wait);
    failures += 1;
    openFrom = Date.now() + error.wait;
  }
  timer = setTimeout(refresh, document.visibilityState === "visible" ? pause : Math.max(pause, HIDDEN));
}

/** Looks again at once, or as soon as the app wants to be asked. */
function lookSoon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, Math.max(0, openFrom - Date.now()));
}

/** The ms until something may have changed.  Less often, the more there is to ask for and the less happens. */
function paceOf(watches) {
  const seen = JSON.stringify(watches);
  calm = seen === last ? calm + 1 : 0;
  last = seen;
  const due = Math.min(...watches.map((watch) => Date.parse(watch.dueAt ?? "") || Infinity)) - Date.now() + 2 * SECOND;
  const pace = Math.min(PACES[Math.min(calm, PACES.length - 1)], Math.max(due, PACES[0]));
  return pace * pages;
}

/** Fetches all pages that are shown, one after the other. */
async function list(wanted) {
  const chosen = filters();
  const found = { watches: [], next: null, why: "" };
  if (!query(chosen)) return { ...found, why: "Type at least four digits of a watch's id, or paste the status URL of a job." };
  const asked = new URLSearchParams(query(chosen));
  for (let page = 0; page < pages && wanted(); page += 1) {
    let content;
    try {
      ({ content } = await ask("GET", `watches?${asked}`));
    } catch (error) {
      if (chosen.find && error.status === 422) return { ...found, why: error.message };
      throw error;
    }
    found.watches.push(...content.watches);
    found.next = content.next;
    if (!found.next) break;
    asked.set("cursor", found.next);
  }
  return found;
}

async function refreshGates(wanted) {
  if (Date.now() < gatesDue) return;
  const { content } = await ask("GET", "gates");
  if (!wanted()) return;
  showPaces(content.gates);
  gatesDue = Date.now() + GATES;
}

/** Looks up watches that have left the list: of many, ended ones are on a later page. */
async function lookUp(wanted) {
  for (const id of [...left].slice(0, LOOKED_UP)) {
    let found = null;
    try {
      found = (await ask("GET", `watches/${encodeURIComponent(id)}`)).content;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (passes(error)) return;  // the next look tries again
    }
    if (!wanted()) return;
    left.delete(id);  // also without an answer: its row may have been removed
    if (found?.state === "ended") untold.push(found);
  }
}

/** Shows the list, and notes which watches have just ended, and which open ones have left it. */
function show({ watches, next, why }) {
  const focused = document.activeElement;
  const wanted = new Map(watches.map((watch) => [watch.id, watch]));  // a watch that ends between two pages is on both
  for (const [id, row] of rows) {
    if (wanted.has(id)) continue;
    if (row.watch.state === "watching" && shown === fragment(filters())) left.add(id);
    row.node.remove();
    rows.delete(id);
  }
  const table = $("main").querySelector("table");
  let at = table.tBodies[0] ?? null;
  for (const watch of wanted.values()) {
    const row = rows.get(watch.id) ?? add(watch);
    if (row.node === at) at = at.nextElementSibling;
    else table.insertBefore(row.node, at);
    if (update(row, watch)) untold.push(watch);
  }
  const chosen = filters();
  shown = fragment(chosen);
  const filtered = Object.keys(chosen).length > 0;
  table.hidden = rows.size === 0;
  $("empty").hidden = rows.size > 0 || filtered || next !== null;
  if (!$("empty").hidden) $("begin").open = true;
  $("filters").hidden = !$("empty").hidden;
  $("none").hidden = rows.size > 0 || !$("empty").hidden;
  say("none", why || nothing(chosen, next));
  $("more").hidden = !next;
  $("clear").hidden = !filtered;
  showCounts(counts([...wanted.values()], next), chosen);
  fill($("known-labels"), [...new Set(watches.flatMap((watch) => watch.labels))].sort(), (labels) => labels.map((value) => make("option", { value })));
  keepFocus(focused);
  say("updated", `${rows.size} shown${next ? ", and there are more" : ""}, as of ${new Date().toLocaleTimeString()}.`);
}

/** Says that nothing was found, and what to do. */
function nothing(chosen, next) {
  if (next) return "No matches so far. Press More to go on.";
  if (chosen.find) return "There is no such watch. An id of a job finds nothing: paste the job's status URL.";
  return `No watches match these filters.${chosen.label ? " A label must be given whole, in the same letter case." : ""}`;
}

/** Each count leads to those it counts. */
function showCounts(found, chosen) {
  const { state, outcome, ...others } = chosen;
  fill($("counts"), [found, chosen], () => found.map(([word, number, more]) => {
    const isState = word === "watching" || word === "failing";
    const link = make("a", { href: fragment(isState ? { state: word, ...others } : { outcome: word, ...others }), key: word },
      make("span", { className: `count ${word}` }, `${number}${more ? "+" : ""}`), ` ${word}`);
    if (word === (state ?? outcome)) link.ariaCurrent = "true";
    return link;
  }));
  const worstFirst = [...found].sort(([a], [b]) => (b === "failing") - (a === "failing") || (a === "watching") - (b === "watching") || 0);
  const title = worstFirst.map(([word, number, more]) => `${number}${more ? "+" : ""} ${word}`).join(", ");
  document.title = title ? `${title} | iTwin Job Watch` : "iTwin Job Watch";
}

/** When and why the app holds back; nothing where it does not. */
function showPaces(gates) {
  const held = gates.map(({ api, perMinute, reason, since, shutUntil }) => {
    if (shutUntil) return `${api}: no requests until ${local(shutUntil)}, as the platform asked.`;
    if (reason === "429") return `${api}: ${Math.round(perMinute)} requests a minute at most; the platform refused more at ${local(since)}.`;
    return null;
  }).filter((line) => line);
  fill($("paces"), held, (lines) => lines.map((line) => make("p", {}, line)));
}

/** A row that moved loses the focus; a row that is gone passes it on. */
function keepFocus(before) {
  const now = document.activeElement;
  if (before === document.body || (now !== before && now !== document.body)) return;  // there was none, or it has been passed on
  const gone = !before.isConnected || before.hidden || before.closest("[hidden]");
  const next = before === $("more") ? [...rows.values()].at(-1)?.line : $("caption");
  if (gone || now !== before) (gone ? next ?? $("caption") : before).focus({ preventScroll: true });
}

// News.  They go by themselves, but not before somebody can have seen them.

let unseen = [];  // said while the page was hidden
let newsTimer = 0;

function tell(sentences) {
  clearTimeout(newsTimer);
  unseen = [...unseen, ...sentences];
  say("news", unseen.join(" "));
  if (document.visibilityState === "visible") seen();
}

function seen() {
  clearTimeout(newsTimer);
  unseen = [];
  newsTimer = setTimeout(() => say("news", ""), NEWS);
}

/** One sentence each for a few, one for many. */
function endings(watches) {
  if (watches.length <= 3) return watches.map((watch) => `${named(watch)} has ended: ${watch.outcome}.`);
  const each = counts(watches, null).map(([word, number]) => `${number} ${word}`).join(", ");
  return [`${watches.length} watches have ended: ${each}.`];
}
