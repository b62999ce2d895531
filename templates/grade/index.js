"use strict";
(() => {
  const table = document.getElementById("matrix");
  const body = table.tBodies[0];
  const form = document.getElementById("filter");
  const search = document.getElementById("search");
  const state = document.getElementById("state");
  const shown = document.getElementById("shown");
  const rows = Array.from(body.rows).map((element, place) => ({
    element, place, words: element.cells[0].textContent.toLowerCase(), states: element.cells[1].textContent.split(" "),
  }));

  const apply = () => {
    const wanted = search.value.trim().toLowerCase();
    let number = 0;
    for (const row of rows) {
      const fits = row.words.includes(wanted) && (!state.value || row.states.includes(state.value));
      if (row.element.hidden === fits) row.element.hidden = !fits;
      if (fits) number += 1;
    }
    shown.textContent = number === rows.length ? "" : number === 0 ? "Nobody fits." : `${number} of ${rows.length} students`;
  };

  // A click puts the largest first, or the first name; another click turns it round; a third one brings the class's order back.
  const names = new Intl.Collator("en", { numeric: true });
  const key = (row, column) => {
    const text = row.element.cells[column].textContent;
    if (column < 2) return text;
    const number = parseFloat(text);
    return Number.isNaN(number) ? -1 : number;
  };
  const order = (head, column) => {
    const before = head.getAttribute("aria-sort");
    const first = column > 1 ? "descending" : "ascending";
    const second = column > 1 ? "ascending" : "descending";
    const now = before === first ? second : before === second ? null : first;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    if (now) head.setAttribute("aria-sort", now);
    const keyed = rows.map((row) => ({ row, key: now ? key(row, column) : row.place }));
    const compare = (a, b) => typeof a.key === "number" ? a.key - b.key : names.compare(a.key, b.key);
    const turn = now === "descending" ? -1 : 1;
    keyed.sort((a, b) => turn * compare(a, b) || a.row.place - b.row.place);
    const all = document.createDocumentFragment();
    for (const one of keyed) all.append(one.row.element);
    body.append(all);
  };
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => order(head, column));
  });

  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
})();
