"use strict";
(() => {
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const form = document.getElementById("filter");
  const value = (id) => { const field = document.getElementById(id); return field ? field.value : ""; };
  const words = (element) => element.textContent.toLowerCase();

  // What can be hidden: a row or a name in a control, a control, a chapter, a benchmark.
  const benchmarks = all(".benchmark").map((element) => ({
    element, id: element.dataset.benchmark,
    chapters: all(".chapter", element).map((chapter) => ({
      element: chapter,
      controls: all(".control", chapter).map((control) => ({
        element: control, open: control.open, words: words(control.querySelector("summary")),
        rows: all(".findings > tbody > tr, .names > ul > li", control).map((row) => ({ element: row, status: row.className, words: null })),
        lists: all(".names, .findings", control),
      })),
    })),
  }));
  const users = all(".matrix > tbody > tr").map((row) => ({ element: row, words: words(row.querySelector("th")) }));

  let narrowed = false;
  const apply = () => {
    const statuses = new Set(all("input[name=status]:checked", form).map((box) => box.value));
    const severity = value("severity"), one = value("control"), chosen = value("benchmark");
    const search = value("search").trim().toLowerCase();
    let shown = 0, total = 0;
    for (const benchmark of benchmarks) {
      const here = !chosen || one !== "" || benchmark.id === chosen;
      let any = false;
      for (const chapter of benchmark.chapters) {
        let some = false;
        for (const control of chapter.controls) {
          const element = control.element;
          const wanted = here && (!one || element.id === one) && (!severity || element.dataset.v === severity);
          const titled = control.words.includes(search);
          let visible = wanted && control.rows.length === 0 && statuses.has(element.dataset.s) && titled;
          for (const row of control.rows) {
            if (search && row.words === null) row.words = words(row.element);
            const fits = wanted && statuses.has(row.status) && (!search || titled || row.words.includes(search));
            row.element.hidden = !fits;
            visible = visible || fits;
            if (here) total += 1;
            if (fits) shown += 1;
          }
          for (const list of control.lists) {
            list.hidden = !all("tbody > tr, li", list).some((row) => !row.hidden);
            if (search && list.matches(".names")) list.open = true;
          }
          element.hidden = !visible;
          // What is looked for is unfolded, and afterwards as it was; else people fold as they like.
          if (visible && (search || one)) element.open = true;
          else if (narrowed) element.open = control.open;
          some = some || visible;
        }
        chapter.element.hidden = !some;
        any = any || some;
      }
      benchmark.element.hidden = !any;
    }
    narrowed = search !== "" || one !== "";
    for (const user of users) user.element.hidden = search !== "" && !user.words.includes(search);
    document.getElementById("shown").textContent =
      shown === 0 ? "Nothing fits." : shown === total ? "" : `${shown} of ${total} findings`;
  };

  // A link to a control of another benchmark shows that benchmark, and opens the control.
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const control = target && target.closest(".control");
    if (!control) return;
    const field = document.getElementById("benchmark");
    const home = control.closest(".benchmark").dataset.benchmark;
    if (field && field.value && field.value !== home) field.value = home;
    if (control.hidden || control.closest("[hidden]")) {
      const before = field && field.value;
      form.reset();
      if (field) field.value = before;
      apply();
    }
    control.open = true;
    control.scrollIntoView();
  };

  let waiting = 0;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); };
  form.addEventListener("input", soon);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", follow);
  // Paper cannot be unfolded.
  window.addEventListener("beforeprint", () => {
    for (const control of all(".control[data-s=f], .control[data-s=u], .control[data-s=e]")) control.open = true;
  });
  window.addEventListener("afterprint", () => { narrowed = true; apply(); });
  form.hidden = false;
  apply();
  follow();
})();
