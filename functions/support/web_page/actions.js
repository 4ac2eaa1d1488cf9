"use strict";

// Stopping a watch, after confirmation, and starting it again once it has ended.

let stopping = null;

function stopButton(id) {
  const button = make("button", { type: "button" }, "Stop");
  button.setAttribute("aria-label", `Stop watching ${named(rows.get(id).watch)}`);
  button.addEventListener("click", () => {
    stopping = id;
    say("sure-what", `Stop watching ${named(rows.get(id).watch)}?`);
    $("sure").showModal();
  });
  return button;
}

$("keep").addEventListener("click", () => $("sure").close());

$("sure").addEventListener("close", () => {  // the button that opened the dialog may be gone
  if (document.activeElement === document.body) (rows.get(stopping)?.line ?? $("caption")).focus();
});

$("stop").addEventListener("click", () => {
  const id = stopping;
  $("sure").close();
  attempt(async () => {
    const { content } = await ask("DELETE", `watches/${encodeURIComponent(id)}`);
    if (rows.has(id)) update(rows.get(id), content);
    tell([content.outcome === "stopped" ? `Stopped watching ${named(content)}.` : `${named(content)} had ended: ${content.outcome}.`]);
    refresh();
  });
});

function againButton(id) {
  const button = make("button", { type: "button" }, "Restart");
  button.setAttribute("aria-label", `Start watching ${named(rows.get(id).watch)} again`);
  button.title = "Starts the watch again, with the same labels and callback";
  let asking = false;  // a second click would start it again, should it end at once
  button.addEventListener("click", async () => {
    if (asking) return;
    asking = true;
    const { api, job, labels, callback } = rows.get(id).watch;
    const wanted = { api, job, labels, ...(callback && { callback: { url: callback.url } }), restart: true };
    await attempt(async () => {
      const { status, content } = await ask("POST", "watches", JSON.stringify(wanted));
      if (rows.has(id)) update(rows.get(id), content);
      tell([status === 202 ? `Watching ${named(content)} again.` : `${named(content)} is already watched.`]);
      refresh();
    }).finally(() => (asking = false));
  });
  return button;
}
