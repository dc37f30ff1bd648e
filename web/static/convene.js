// What HTML can't do by itself. Every page works without this file.
"use strict";

// What is printed says where it is from, also when only a part of the page has come anew.
window.addEventListener("beforeprint", () => {
  document.getElementById("printed-address").textContent = location.href;
});

// A filter above long lists of check boxes.
function addFilters(root) {
  for (const list of root.querySelectorAll("fieldset[data-filter]")) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    label.className = "choice-filter hint";
    label.textContent = list.dataset.filter;
    box.type = "search";
    label.append(box);
    list.removeAttribute("data-filter");
    box.addEventListener("input", () => {
      const wanted = folded(box.value);
      for (const choice of list.querySelectorAll(".choice")) {
        const chosen = choice.querySelector("input").checked;
        choice.hidden = !chosen && !folded(choice.textContent).includes(wanted);
      }
      for (const group of list.querySelectorAll(".choice-group")) {
        group.hidden = !group.querySelector(".choice:not([hidden])");
        if (group.tagName === "DETAILS" && wanted) group.open = true;
      }
    });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
    list.querySelector(".choice-group").before(label);
  }
}

function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

document.addEventListener("DOMContentLoaded", () => {
  addFilters(document);
  // After a form was refused, the list of what to mend is read first.
  document.querySelector("main .error-summary")?.focus();
});
document.addEventListener("htmx:load", (event) => addFilters(event.detail.elt.parentElement ?? document));

// The value of a slider, while it is moved.
document.addEventListener("input", (event) => {
  const shown = event.target.dataset?.shown;
  if (shown) document.getElementById(shown).textContent = event.target.value;
});

// No answer from the server: say so where the reader looks.
document.addEventListener("htmx:sendError", () => {
  const place = document.getElementById("problem");
  place.textContent = place.dataset.noAnswer;
});

// Lists that the reader has opened or closed stay so when htmx replaces them; so does what was just
// typed into a field, and the place of the focus, which htmx loses in a list that comes closed.
const opened = new Map();
let focused = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  for (const list of event.detail.target.querySelectorAll("details[id]")) opened.set(list.id, list.open);
  const field = document.activeElement;
  const inside = field?.id && event.detail.target.contains(field);
  focused = inside ? { id: field.id, text: field.matches("input[type=text]") && field.value !== field.defaultValue ? field.value : null } : null;
});
document.addEventListener("htmx:load", (event) => {
  for (const list of event.detail.elt.querySelectorAll?.("details[id]") ?? []) {
    const chosenWithin = list.open && list.matches(".below"); // what was just chosen is shown
    if (opened.has(list.id) && !chosenWithin) list.open = opened.get(list.id);
  }
  const field = focused && document.getElementById(focused.id);
  if (!field || !event.detail.elt.contains(field)) return;
  if (focused.text !== null) field.value = focused.text;
  if (document.activeElement === document.body) field.focus({ preventScroll: true });
  focused = null;
});
