// The builder of a gauge: the answer while somebody types, and buttons that change the form without leaving the page.

import { fields, guard, part } from "./part.js";

/** How long somebody has to have stopped typing before the gauge is asked, in milliseconds. */
const QUIET = 400;
const UNANSWERED = "The server does not answer. What is typed stays here; try again in a moment.";

export function builder(form) {
  if (!form) return;
  const parts = document.getElementById("builder-fields");
  const preview = document.getElementById("preview");
  const touch = guard(form);
  let timer;
  let asked;

  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    preview.setAttribute("aria-busy", "true");
    const { signal } = asked;
    const html = await part(form.dataset.live, fields(form), signal);
    // Somebody typed on: the next answer counts.
    if (signal.aborted) return;
    if (html === undefined) preview.textContent = UNANSWERED;
    else preview.innerHTML = html;
    preview.removeAttribute("aria-busy");
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, QUIET);
  };
  const rebuild = async (what) => {
    const focused = document.activeElement?.id;
    const html = await part(form.action, fields(form, "do", what));
    if (html === undefined) {
      preview.textContent = UNANSWERED;
      return;
    }
    const open = [...parts.querySelectorAll("details[id][open]")].map((details) => details.id);
    parts.innerHTML = html;
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    // A button that removed itself leaves the place to one that adds again.
    (document.getElementById(focused) ?? parts.querySelector('button[value^="add."]'))?.focus();
    soon();
  };

  form.addEventListener("input", () => {
    touch();
    soon();
  });
  form.addEventListener("change", (event) => {
    if (event.target.dataset.refresh !== undefined) rebuild("refresh");
  });
  form.addEventListener("submit", (event) => {
    const what = event.submitter?.name === "do" ? event.submitter.value : "save";
    if (what === "save") return;
    event.preventDefault();
    touch();
    rebuild(what);
  });
}
