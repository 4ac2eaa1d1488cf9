"use strict";

// What the page says of a watch, in words.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

/** The worst first: what somebody looks for. */
const WORST_FIRST = ["failed", "abandoned", "refused", "lost", "expired", "partial", "cancelled", "stopped", "succeeded"];

const named = (watch) => `${watch.api} ${Object.values(watch.job).join(" ")}`;

const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

const UNITS = [["d", DAY], ["h", HOUR], ["min", MINUTE], ["s", SECOND]];

/** A length of time in ms, in its two largest units: "1 h 3 min". */
function span(ms) {
  const at = UNITS.findIndex(([, size]) => ms >= size);
  if (at < 0) return "0 s";
  const [unit, size] = UNITS[at];
  const [smaller, part] = UNITS[at + 1] ?? ["", Infinity];
  const rest = Math.floor((ms % size) / part);
  return `${Math.floor(ms / size)} ${unit}${rest ? ` ${rest} ${smaller}` : ""}`;
}

/** How far away an instant is, in its largest unit; seconds by fives, so that it does not flicker. */
function relative(instant, now = Date.now()) {
  const ms = Date.parse(instant) - now;
  const distance = Math.abs(ms);
  if (distance < 5 * SECOND) return "now";
  const far =
    distance < MINUTE ? `${Math.floor(distance / SECOND / 5) * 5} s`
    : distance < HOUR ? `${Math.floor(distance / MINUTE)} min`
    : distance < 2 * DAY ? `${Math.floor(distance / HOUR)} h`
    : `${Math.floor(distance / DAY)} d`;
  return ms < 0 ? `${far} ago` : `in ${far}`;
}

/** An instant on the clock of this browser, with its time zone. */
function local(instant) {
  return new Date(instant).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
}

/** An instant by its distance, which `tick` keeps up to date; on the clock as its title, and in the details. */
function when(instant) {
  return make("time", { dateTime: instant, title: `${local(instant)} (${instant})` }, relative(instant));
}

function tick() {
  for (const time of document.querySelectorAll("time")) {
    const text = relative(time.dateTime);
    if (time.textContent !== text) time.textContent = text;
  }
}

/** What a callback has come to, in few words. */
function callbackWords({ state, tries }) {
  if (state === "delivered") return "callback delivered";
  if (state === "failed") return `callback failed`;
  return tries ? `callback failed ${tries === 1 ? "once" : `${tries} times`}, tried again` : "callback waiting";
}

/** Whether a percentage is one. */
const isPercentage = (progress) => progress !== null && progress >= 0 && progress <= 100;

/**
 * How many of each kind are listed, as [word, number, is there more], the worst first.  Open watches are listed first:
 * if an ended one is there, all open ones are.
 */
function counts(watches, next) {
  const ended = watches.filter((watch) => watch.state === "ended");
  const open = watches.filter((watch) => watch.state === "watching");
  const more = next !== null;
  const found = [
    ["watching", open.length, more && !ended.length],
    ["failing", open.filter((watch) => watch.failing).length, more && !ended.length],
    ...WORST_FIRST.map((word) => [word, ended.filter((watch) => watch.outcome === word).length, more]),
  ];
  return found.filter(([, number]) => number);
}
