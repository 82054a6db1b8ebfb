// The form of a wall: the filters of a board appear when it is chosen, without leaving the page.

import { fields, part } from "./part.js";

export function wall(form) {
  if (!form) return;
  const asked = new Map();
  form.addEventListener("change", async ({ target }) => {
    const place = target.dataset.filters;
    if (place === undefined) return;
    asked.get(place)?.abort();
    const mine = new AbortController();
    asked.set(place, mine);
    const html = await part(form.action, fields(form, "do", `filters.${place}`), mine.signal);
    if (html !== undefined && asked.get(place) === mine) document.getElementById(`step-${place}-filters`).outerHTML = html;
  });
}
