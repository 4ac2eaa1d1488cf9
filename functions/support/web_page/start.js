"use strict";

// Starting watches: of one job, of several, or of what the platform answered.

const MOST = 100;  // watches in one request

for (const { value } of [...$("api").options].slice(1)) $("of").append(make("option", {}, value));

const isAnswer = () => $("urls").value.trimStart().startsWith("{");

$("urls").addEventListener("input", () => ($("whose").hidden = !isAnswer()));

$("urls").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("start").requestSubmit();
});

/** What is sent for each job besides what names it; throws a Refusal. */
function options() {
  const labels = $("labels").value.split(",").map((label) => label.trim()).filter((label) => label);
  const deadline = $("deadline").value;
  if (!$("deadline").validity.valid) throw new Refusal("The deadline is a whole number of hours or days from now.");
  const callback = $("callback").value.trim();
  return {
    labels,
    ...(deadline && { deadline: $("unit").value === "days" ? `P${deadline}D` : `PT${deadline}H` }),
    ...(callback && { callback: { url: callback } }),
    ...($("restart").checked && { restart: true }),
  };
}

/** What names each job: URLs, or an answer of the platform; throws a Refusal. */
function wantedJobs() {
  if (isAnswer()) {
    try {
      return [{ response: JSON.parse($("urls").value), ...($("of").value && { api: $("of").value }) }];
    } catch {
      throw new Refusal("This is not JSON. Copy the whole answer, from the first brace to the last, or send the status URL.");
    }
  }
  const urls = [...new Set($("urls").value.split(/\s+/).filter((url) => url))];
  if (!urls.length) throw new Refusal("Paste the status URL of a job.");
  if (urls.length > MOST) throw new Refusal(`Send at most ${MOST} URLs at once; these are ${urls.length}.`);
  return urls.map((url) => ({ url }));
}

let starting = false;  // a hundred take some seconds

$("start").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (starting) return;
  starting = true;
  const button = event.target.querySelector(".first");
  button.textContent = "Starting…";
  await attempt(async () => {
    const jobs = wantedJobs();
    const chosen = options();
    const wanted = jobs.map((job) => ({ ...job, ...chosen }));
    await (wanted.length === 1 ? startOne(wanted[0]) : startAll(wanted));
    refresh();
  }).finally(() => {
    starting = false;
    button.textContent = "Start watching";
  });
});

async function startOne(wanted) {
  const { status, content } = await ask("POST", "watches", JSON.stringify(wanted));
  const before = content.state === "ended" ? `had ended: ${content.outcome}` : "is already watched";
  tell([status === 202 ? `Watching ${named(content)}.` : `${named(content)} ${before}.`]);
  emptyForm();
}

/** Those that were refused stay in the field. */
async function startAll(wanted) {
  const { content: { results } } = await ask("POST", "watches", JSON.stringify({ watches: wanted }));
  const of = (status) => results.filter((result) => result.status === status).length;
  const refused = results.map(({ problem }, at) => [wanted[at].url, problem]).filter(([, problem]) => problem);
  const said = [[of(202), "started"], [of(200), "already watched, or ended"], [refused.length, "refused"]];
  tell([`Of ${counted(results.length, "job")}: ${said.filter(([number]) => number).map((part) => part.join(" ")).join(", ")}.`]);
  if (!refused.length) return emptyForm();
  $("urls").value = refused.map(([url]) => url).join("\n");
  refresh();
  throw new Refusal(refused.map(([url, { detail }]) => `${url}: ${detail}`).join("\n"));
}

function emptyForm() {
  $("start").reset();
  $("whose").hidden = true;
  $("urls").focus();
}

/** What starts a watch without this page. */
function showSample() {
  const url = new URL(`${API}watches`, location.href);
  const sample = `curl -X POST "${url}" -H "x-functions-key: $KEY" -d '{"url": "<status URL of a job>"}'`;
  say("sample", sample);
  fill($("sample-copy"), sample, () => [copyButton("the command", sample, "Copy")]);
}
