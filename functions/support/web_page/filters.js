"use strict";

// Filters.  They stand in the fragment of the URL: it can be shared, and the back button goes through them.

const FILTERS = ["state", "api", "outcome", "label", "find"];
const TYPED = ["label", "find"];

/** What is chosen, by filter. */
const filters = () => Object.fromEntries(FILTERS.map((id) => [id, $(id).value.trim()]).filter(([, value]) => value));

const fragment = (chosen) => `#${new URLSearchParams(chosen)}`;

/** The query of the app for what is chosen; null while there is too little of an id. */
function query(chosen) {
  const { state, find, ...others } = chosen;
  if (find) return find.includes("/") ? { url: find } : /^[0-9a-f]{4}[0-9a-f-]{0,32}$/i.test(find) ? { id: find } : null;
  return { limit: LIMIT, ...others, ...(state === "failing" ? { failing: "true" } : state && { state }) };
}

/** Chooses, as a new entry of the history. */
function filterBy(chosen) {
  location.hash = fragment(chosen);  // `hashchange` follows, if it is another
}

/** Shows in the fields what the fragment says. */
function readFragment() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const id of FILTERS) $(id).value = said.get(id) ?? "";  // of a select: "" unless there is such an option
  for (const id of FILTERS) if ($(id).value === "" && $(id).options) $(id).selectedIndex = 0;
}

addEventListener("hashchange", () => {
  if (fragment(filters()) !== (location.hash || "#")) readFragment();
  begin();
});

let typing = 0;
let typed = null;  // the field whose text is already in the newest entry of the history

$("filters").addEventListener("submit", (event) => event.preventDefault());

$("filters").addEventListener("input", ({ target }) => {
  clearTimeout(typing);
  for (const id of FILTERS) if ((id === "find") !== (target.id === "find")) $(id).value = "";  // what is found is not filtered
  if (!TYPED.includes(target.id)) return filterBy(filters());
  typing = setTimeout(() => {
    if (typed !== target) filterBy(filters());
    else {
      history.replaceState(null, "", fragment(filters()));
      begin();
    }
    typed = target;
  }, 400);
});

for (const id of TYPED) $(id).addEventListener("blur", () => (typed = null));

$("clear").addEventListener("click", () => {
  filterBy({});
  $("state").focus();  // the button goes
});
