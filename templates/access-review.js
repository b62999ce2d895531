"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const box = byId("filter");
  const which = byId("which");
  const cards = [...document.querySelectorAll("details.one")];
  const texts = cards.map((card) => card.textContent.toLowerCase());
  const apply = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    cards.forEach((card, at) => {
      const marks = card.dataset.marks.split(" ");
      const fits = words.every((word) => texts[at].includes(word)) && (which.value === "all" || marks.includes(which.value));
      card.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    document.querySelectorAll("section.kind").forEach((section) => {
      section.hidden = section.querySelector("details.one:not([hidden])") === null;
    });
    byId("shown").textContent = `${shown} of ${cards.length}`;
  };
  let opened = false;
  byId("open").addEventListener("click", () => {
    opened = !opened;
    cards.forEach((card) => { if (!card.hidden) card.open = opened; });
    byId("open").textContent = opened ? "Close all" : "Open all";
  });
  box.addEventListener("input", apply);
  which.addEventListener("change", apply);
  const follow = () => {
    const card = byId(decodeURIComponent(location.hash.slice(1)));
    if (card instanceof HTMLDetailsElement) { card.open = true; card.scrollIntoView(); }
  };
  addEventListener("hashchange", follow);
  let before = [];
  addEventListener("beforeprint", () => { before = cards.filter((card) => !card.open); before.forEach((card) => { card.open = true; }); });
  addEventListener("afterprint", () => { before.forEach((card) => { card.open = false; }); before = []; });
  byId("tools").hidden = false;
  apply();
  follow();
})();
