"use strict";

// The key, and the beginning.

function forget(why) {
  sessionStorage.removeItem(KEY);
  look += 1;  // responses under way are not for the next user
  pages = 1;
  gatesDue = 0;
  untold = [];
  left.clear();
  clearTimeout(timer);
  if ($("sure").open) $("sure").close();
  for (const { node } of rows.values()) node.remove();
  rows.clear();
  showPaces([]);
  showCounts([], {});
  fill($("known-labels"), [], () => []);
  say("trouble", why);
  unseen = [];
  say("news", "");
  refuse([]);
  $("start").reset();
  enter();
}

function enter() {
  const known = sessionStorage.getItem(KEY) !== null;
  $("ask").hidden = known;
  $("main").hidden = $("forget").hidden = !known;
  if (known) refresh();
  else $("key").focus();
}

$("forget").addEventListener("click", () => forget(""));

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = $("key").value.trim();
  if (!/^[\x21-\x7e]+$/.test(key)) {  // not a valid header value
    say("trouble", "Not a function key. Keys consist of letters, digits and signs such as - _ =, without spaces.");
    return;
  }
  sessionStorage.setItem(KEY, key);
  $("key").value = "";
  say("trouble", "");
  enter();
});

$("more").addEventListener("click", () => {
  pages += 1;
  refresh();
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  seen();
  tick();
  lookSoon();
});

for (const mishap of ["error", "unhandledrejection"]) {
  addEventListener(mishap, () => say("trouble", "Something went wrong on this page. Reload it."));
}

say("zone", `Times are in ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`);
showSample();
readFragment();
setInterval(tick, 5 * SECOND);
enter();
