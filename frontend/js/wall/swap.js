// Puts a new part in the place of what is shown: only what differs is touched, so that nothing flickers.

/**
 * Makes the children of `list` those of `fresh`, both with `data-key`. `shown` holds the HTML of each child as it came
 * from the server, by key; it is changed to what is shown now and never holds more than that.
 *
 * A child that could not be answered (`data-failed`) leaves the last good one in its place, marked by `mark(child, why)`.
 */
export function swap(list, fresh, shown, mark) {
  const before = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const after = new Map();
  const kept = new Set();
  let at = list.firstElementChild;
  for (const child of [...fresh.children]) {
    const { key, failed } = child.dataset;
    const html = child.outerHTML;
    const old = before.get(key);
    let now = child;
    if (old && failed !== undefined && old.dataset.failed === undefined) {
      // Its HTML is forgotten, so that the next good answer takes its place.
      mark(old, failed);
      now = old;
      after.set(key, "");
    } else if (old && shown.get(key) === html) {
      now = old;
      after.set(key, html);
    } else {
      after.set(key, html);
    }
    kept.add(now);
    if (now === at) {
      at = at.nextElementSibling;
    } else if (old && now !== old && old === at) {
      at = old.nextElementSibling;
      old.replaceWith(now);
    } else {
      list.insertBefore(now, at);
    }
  }
  for (const child of [...list.children]) if (!kept.has(child)) child.remove();
  shown.clear();
  for (const [key, html] of after) shown.set(key, html);
}
