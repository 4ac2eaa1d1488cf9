"use strict";

// One watch: a row of two lines, and below it the details, once they have been opened.

const rows = new Map();  // by watch id
const SHORT = 8;  // characters of an id
const LABELS = 2;  // shown in a row

function add(watch) {
  const cells = ["outcome", "job", "status", "times", "actions"].map((name) => make("td", { className: name }));
  const line = make("tr", { tabIndex: -1 }, ...cells);
  line.setAttribute("role", "row");
  for (const cell of cells) cell.setAttribute("role", "cell");
  const node = make("tbody", { className: "watch" }, line);
  node.setAttribute("role", "rowgroup");
  const row = { node, line, cells, watch, details: null };
  rows.set(watch.id, row);
  return row;
}

/** Updates a row; returns whether the watch has just ended. */
function update(row, watch) {
  const ended = row.watch.state === "watching" && watch.state === "ended";
  if (ended) row.node.classList.add("news");
  row.watch = watch;
  const [outcome, job, status, times, actions] = row.cells;
  fill(outcome, [watch.outcome ?? watch.state, watch.failing, watch.id], showOutcome);
  fill(job, [watch.api, watch.job, watch.labels], showJob);
  fill(status, [watch.status, watch.progress, watch.reason, watch.evidence, watch.issues, watch.state, watch.failing, watch.callback, watch.wokenAt], showStatus);
  fill(times, [watch.startedAt, watch.endedAt, watch.dueAt, watch.deadline], showTimes);
  const focused = actions.contains(document.activeElement);
  fill(actions, [watch.id, watch.state], ([id, state]) => [
    make("div", { className: "buttons" }, detailsButton(id), state === "watching" ? stopButton(id) : againButton(id)),
  ]);
  if (focused && !actions.contains(document.activeElement)) row.line.focus({ preventScroll: true });
  if (row.details) showDetails(row);
  return ended;
}

function showOutcome([word, failing, id]) {
  return [
    make("div", { className: "line" }, make("span", { className: `badge cut ${failing ? "failing" : word}`, title: failing ? "The last turns learned nothing of the job" : "" }, failing ? `failing: ${failing}` : word)),
    make("div", { className: "line" }, copyButton("the id", id, id.slice(0, SHORT))),
  ];
}

function showJob([api, job, labels]) {
  const ids = Object.entries(job).map(([name, id]) => make("span", { className: "cut", title: `${name} ${id}` }, id));
  const chips = labels.slice(0, LABELS).map((label) => cut(label, "chip"));
  const others = labels.length - chips.length;
  return [
    make("div", { className: "line" }, make("span", { className: "api" }, api), ...chips,
      others ? make("span", { className: "quiet", title: labels.slice(LABELS).join(", ") }, `+${others}`) : null),
    make("div", { className: "line ids" }, ...ids),
  ];
}

/** Above, how the job stands; below, how far it is, or why it ended as it did. */
function showStatus([status, progress, reason, evidence, issues, state, failing, callback, woken]) {
  const moves = state === "watching" && isPercentage(progress);
  const bar = moves && !failing;  // why it fails needs the line
  const why = evidence[0] ?? reason;
  const also = why === reason || why.includes(reason) ? null : reason;  // most evidence begins with the reason
  const notes = [
    woken ? make("span", { className: "note", title: `Woken by a webhook of the platform, ${local(woken)}` }, "webhook") : null,
    callback ? make("span", { className: `note ${callback.state === "failed" || callback.tries && callback.error && callback.state === "waiting" ? "bad" : ""}`, title: callback.error ?? callback.url }, callbackWords(callback)) : null,
  ].filter((note) => note);
  return [
    make("div", { className: "line" }, make("span", { className: "word" }, status ?? "not reported yet"),
      moves && !bar ? make("span", {}, percent(progress)) : null,
      issues ? make("span", { className: "issues" }, counted(issues, "issue")) : null,
      also ? cut(also, "quiet") : null, notes.length ? make("span", { className: "notes" }, ...notes) : null),
    make("div", { className: "line why" }, bar ? progressBar(progress) : null, why ? cut(why) : null),
  ];
}

function progressBar(progress) {
  return make("span", { className: "bar" },
    make("progress", { max: 100, value: progress, ariaLabel: "Progress" }), make("span", {}, percent(progress)));
}

const percent = (progress) => `${Math.round(progress)} %`;

function showTimes([started, ended, due, deadline]) {
  if (ended) {
    return [
      make("div", { className: "line" }, "ended ", when(ended)),
      make("div", { className: "line quiet" }, `took ${span(Date.parse(ended) - Date.parse(started))}`),
    ];
  }
  const near = Date.parse(deadline) - Date.now() < DAY;
  return [
    make("div", { className: "line" }, "started ", when(started), ...(near ? [", deadline ", when(deadline)] : [])),
    make("div", { className: "line quiet" }, "poll due ", when(due)),
  ];
}

// Details

function detailsButton(id) {
  const row = rows.get(id);
  const button = make("button", { type: "button", key: "details", ariaExpanded: String(row.details !== null) }, "Details");
  button.setAttribute("aria-label", `Details of ${named(row.watch)}`);
  button.addEventListener("click", () => {
    if (row.details) {
      row.details.remove();
      row.details = null;
    } else {
      row.details = make("tr", { className: "details" }, make("td", { colSpan: 5 }, make("dl")));
      row.details.setAttribute("role", "row");
      row.details.firstChild.setAttribute("role", "cell");
      row.node.append(row.details);
      showDetails(row);
    }
    button.ariaExpanded = String(row.details !== null);
  });
  return button;
}

/** All that the app tells of the watch.  Each value is redrawn by itself, so that a selection elsewhere stays. */
function showDetails({ details, watch }) {
  const list = details.querySelector("dl");
  const before = new Map([...list.querySelectorAll("dt")].map((term) => [term.textContent, term.nextElementSibling]));
  const entries = detailsOf(watch).map(([name, ...how]) => [name, before.get(name) ?? make("dd"), ...how]);
  fill(list, entries.map(([name]) => name), () => entries.flatMap(([name, place]) => [make("dt", {}, name), place]));
  for (const [, place, data, build] of entries) fill(place, data, build);
}

/** Names, values and how each is shown; only of what there is. */
function detailsOf(watch) {
  const text = (value) => [value];
  const copied = (what) => (value) => [make("code", {}, value), " ", copyButton(what, value, "Copy")];
  const instant = (value) => [`${local(value)}, `, when(value)];
  const { callback } = watch;
  return [
    ["Watch", watch.id, copied("the id")],
    ...Object.entries(watch.job).map(([name, id]) => [name, id, copied(name)]),
    ["Job URL", watch.url, copied("the job URL")],
    ["Labels", watch.labels, (labels) => labels.flatMap((label) => [labelButton(label), " "])],
    ["Status", watch.status, text],
    ["Progress", isPercentage(watch.progress) ? `${watch.progress} %` : null, text],
    ["Reason", watch.reason, text],
    ["Failing", watch.failing, text],
    ["Issues", watch.issues ? [watch.issues, watch.evidence] : null, showEvidence],
    ["Started", watch.startedAt, instant],
    ["Woken by webhook", watch.wokenAt, instant],
    ["Ended", watch.endedAt, instant],
    ["Duration", watch.endedAt ? span(Date.parse(watch.endedAt) - Date.parse(watch.startedAt)) : null, text],
    ["Next poll", watch.dueAt, instant],
    ["Deadline", watch.deadline, instant],
    ["Polls", `${watch.polls}, of which ${counted(watch.faults, "fault")}`, text],
    ["Callback", callback, ({ url, state, tries, error }) =>
      [make("code", {}, url), ` ${state}, ${tries === 1 ? "1 try" : `${tries} tries`}${error ? `: ${error}` : ""}`]],
  ].filter(([, value]) => value !== null && value !== undefined && value.length !== 0);
}

function showEvidence([issues, evidence]) {
  const lines = evidence.map((line) => make("li", {}, line));
  const told = issues > evidence.length ? `${issues}, of which the app keeps ${evidence.length}` : String(issues);
  return [told, make("ul", {}, ...lines)];
}

function labelButton(label) {
  const button = make("button", { type: "button", className: "chip", key: `label ${label}`, title: "List only watches with this label" }, label);
  button.addEventListener("click", () => filterBy({ ...filters(), label }));
  return button;
}
