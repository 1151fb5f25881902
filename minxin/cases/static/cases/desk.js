// The desk's lists: the row of the case that is open is marked, wherever it was opened from.
(() => {
  "use strict";
  const mark = () => {
    const open = document.querySelector("#main [data-ref]")?.dataset.ref;
    for (const row of document.querySelectorAll("[data-desk-list] .rows-link")) {
      if (open && row.pathname.includes(`/${open}/`)) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  };
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "main") return;
    mark();
    document.querySelector(".panes")?.classList.add("has-case");
    event.target.scrollTop = 0;
  });
  document.addEventListener("toggle", (event) => {
    const move = event.target;
    if (move.matches?.(".move") && move.open) move.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  }, true);
})();
