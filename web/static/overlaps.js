// Keys on the queue of overlaps and on a case. Everything works without this file.
//   j, k   the next case and the one before
//   o      open the case; Enter does it too, since the link has the focus
//   p      propose an outcome
"use strict";

(() => {
  const cases = () => [...document.querySelectorAll("tbody[data-case] th a")];

  function move(step) {
    const links = cases();
    if (!links.length) return;
    const here = links.indexOf(document.activeElement);
    const next = here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step;
    links[Math.max(0, Math.min(next, links.length - 1))].focus();
  }

  // On a case: open the form where an outcome is proposed; in the queue: the same on its page.
  function propose() {
    const form = document.getElementById("propose");
    if (form) {
      form.open = true;
      form.querySelector("input[type=radio]").focus();
      return;
    }
    const link = document.activeElement;
    if (cases().includes(link)) location.assign(`${link.href}#propose`);
  }

  const actions = {
    j: () => move(1),
    k: () => move(-1),
    o: () => cases().includes(document.activeElement) && document.activeElement.click(),
    p: propose,
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // Who comes with #propose wants to write, not to unfold.
  const told = () => {
    for (const keys of document.querySelectorAll(".keys")) keys.hidden = false;
  };
  document.addEventListener("DOMContentLoaded", told);
  // Last of all: when a browser goes to the place that an address names, it takes the focus away.
  addEventListener("load", () => {
    if (location.hash === "#propose") setTimeout(propose, 100);
  });
  document.addEventListener("htmx:load", told);
})();
