"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const people = [...document.querySelectorAll(".person")];
  const names = people.map((one) => one.dataset.name);
  const form = byId("filter");
  const apply = () => {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const flagged = byId("flagged").checked;
    let shown = 0;
    people.forEach((one, at) => {
      const fits = (!flagged || !one.classList.contains("ok")) && words.every((word) => names[at].includes(word));
      one.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    byId("shown").textContent = `${shown} of ${people.length}`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
})();
