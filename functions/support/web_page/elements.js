"use strict";

// Elements.  Text is set as text, never as markup, and only where it changed, to keep focus, selection and scrolling.

const $ = (id) => document.getElementById(id);

function make(name, properties = {}, ...children) {
  const { key, ...others } = properties;
  const node = Object.assign(document.createElement(name), others);
  if (key) node.dataset.key = key;  // by which `fill` finds it again
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Text on one line that may be cut off; the whole is its title, and in the details of its row. */
function cut(text, className = "") {
  return make("span", { className: `cut ${className}`, title: text }, text);
}

function say(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

const filled = new WeakMap();

/** Builds the children of a node anew if the data changed; what had the focus has it again. */
function fill(node, data, build) {
  const now = JSON.stringify(data);
  if (filled.get(node) === now) return;
  filled.set(node, now);
  const key = node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  node.replaceChildren(...build(data).filter((child) => child !== null));
  if (key) [...node.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key)?.focus({ preventScroll: true });
}

/** A button that copies a text, and says so. */
function copyButton(what, text, shown) {
  const button = make("button", { type: "button", className: "copy", key: `copy ${what}`, title: `Copy ${what}: ${text}` }, shown);
  button.setAttribute("aria-label", `Copy ${what} ${text}`);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      tell([`Copied ${what}.`]);
    } catch {  // no permission, or neither https nor this machine
      tell([`This browser does not let the page copy. ${what}: ${text}`]);
    }
  });
  return button;
}
