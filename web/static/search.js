// The filters of the search page: lists that one can search in, and years that one can drag over.
// Everything works without this file. What is loaded before it: convene.js.
"use strict";

// ---- lists of many values: a field that narrows them while one types; nothing is asked ----
const SEARCH_FIELD = ".facet-search input";
const typed = new Map(); // id of a field -> what stands in it, kept when htmx replaces the list
const openBefore = new WeakMap(); // details -> whether they were open before one searched in them

function findIn(field) {
  const list = field.closest("fieldset");
  const wanted = folded(field.value.trim());
  const status = list.querySelector("[data-left]");
  typed.set(field.id, field.value);
  if (!wanted) return showAll(list, status);
  for (const part of list.querySelectorAll("details")) {
    if (!openBefore.has(part)) openBefore.set(part, part.open);
  }
  let left = 0;
  for (const values of list.querySelectorAll(":scope > ul, :scope > details > ul")) {
    const here = sum(values.children, (item) => narrow(item, wanted, false));
    if (values.parentElement !== list) {
      values.parentElement.open = here > 0;
      values.parentElement.hidden = !values.querySelector("li:not([hidden])");
    }
    left += here;
  }
  status.textContent = status.dataset.left.replace("#", left);
}

// A value is shown if it fits, or holds one that does, or lies in one that does, or is chosen.
function narrow(item, wanted, within) {
  const fits = folded(item.querySelector(".facet-value > span").textContent).includes(wanted);
  const below = item.querySelector(":scope > details");
  const inside = sum(below?.querySelectorAll(":scope > ul > li") ?? [], (one) => narrow(one, wanted, within || fits));
  if (below) below.open = inside > 0;
  item.hidden = !(fits || within || inside || item.querySelector("input:checked"));
  return inside + (fits ? 1 : 0);
}

function showAll(list, status) {
  for (const hidden of list.querySelectorAll("[hidden]")) hidden.hidden = false;
  for (const part of list.querySelectorAll("details")) {
    if (openBefore.has(part)) part.open = openBefore.get(part) || !!part.querySelector("input:checked");
    openBefore.delete(part);
  }
  status.textContent = "";
}

function sum(items, count) {
  return [...items].reduce((all, item) => all + count(item), 0);
}

function empty(field) {
  field.value = "";
  findIn(field);
}

document.addEventListener("input", (event) => {
  if (event.target.matches(SEARCH_FIELD)) findIn(event.target);
});
document.addEventListener("keydown", (event) => {
  if (!event.target.matches(SEARCH_FIELD)) return;
  if (event.key === "Enter") event.preventDefault(); // it is no question to the server
  if (event.key === "Escape" && event.target.value) {
    event.preventDefault();
    empty(event.target);
  }
});

// The lists are put back as they were before convene.js remembers what is open, and narrowed again.
document.addEventListener("htmx:beforeSwap", (event) => {
  for (const field of event.detail.target.querySelectorAll(SEARCH_FIELD)) {
    const text = field.value;
    if (text) empty(field);
    typed.set(field.id, text);
  }
}, true);
document.addEventListener("htmx:load", (event) => {
  for (const field of event.detail.elt.querySelectorAll?.(SEARCH_FIELD) ?? []) {
    if (!typed.get(field.id)) continue;
    field.value = typed.get(field.id);
    findIn(field);
  }
});

// ---- a value and one that it lies in: the one that was chosen last is meant ----
document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.matches(SEARCH_FIELD)) return event.stopPropagation();
  const item = box.checked ? box.closest(".facet-values > li") : null;
  if (!item) return;
  for (const inner of item.querySelectorAll(":scope > details input")) inner.checked = false;
  for (let outer = item.parentElement.closest("li"); outer; outer = outer.parentElement.closest("li")) {
    outer.querySelector("input").checked = false;
  }
}, true);

// ---- years: drag over the bars, or press one; the two lists beside them say what is chosen ----
let drag = null;

document.addEventListener("pointerdown", (event) => {
  const chart = event.target.closest?.(".year-chart");
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!chart || !plain) return;
  const lists = ["year_from", "year_to"].map((id) => document.getElementById(id));
  const bars = [...chart.querySelectorAll(".year")];
  const chosen = bars.map((bar) => bar.classList.contains("chosen"));
  drag = { chart, bars, lists, chosen, before: lists.map((list) => list.value) };
  drag.start = yearAt(event);
  chart.setPointerCapture(event.pointerId);
  choose(drag.start, drag.start);
});
document.addEventListener("pointermove", (event) => {
  if (drag) choose(drag.start, yearAt(event));
});
document.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const { start, lists, before } = drag;
  const year = yearAt(event);
  const again = year === start && before.every((value) => value === String(year));
  if (again) for (const list of lists) list.value = "";
  drag = null;
  lists[0].dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("pointercancel", () => {
  if (!drag) return;
  drag.lists.forEach((list, i) => { list.value = drag.before[i]; });
  drag.bars.forEach((bar, i) => bar.classList.toggle("chosen", drag.chosen[i]));
  drag = null;
});
// A bar is a link to its year; pressed plainly, its year has been chosen in place.
document.addEventListener("click", (event) => {
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (plain && event.detail > 0 && event.target.closest?.(".year-chart")) event.preventDefault();
});
document.addEventListener("dragstart", (event) => {
  if (event.target.closest?.(".year-chart")) event.preventDefault();
});

function yearAt(event) {
  const { left, width } = drag.chart.getBoundingClientRect();
  const place = Math.floor(((event.clientX - left) / width) * drag.bars.length);
  return Number(drag.bars[Math.max(0, Math.min(place, drag.bars.length - 1))].dataset.year);
}

function choose(one, other) {
  const [first, last] = [Math.min(one, other), Math.max(one, other)];
  drag.lists[0].value = first;
  drag.lists[1].value = last;
  for (const bar of drag.bars) {
    bar.classList.toggle("chosen", first <= bar.dataset.year && bar.dataset.year <= last);
  }
}
