// Laying a dashboard out: tiles are dragged, resized, moved by keyboard, and every step can be taken back.

import { fields, guard, part } from "./part.js";

/** Steps that can be taken back. */
const HISTORY = 100;
/** A tile that is carried so close to the top or the bottom of the window scrolls the page, so many pixels a frame. */
const EDGE = 56;
const SCROLL = 12;

const hidden = (tile, name) => tile.querySelector(`input[name="tile.${name}"]`);

const sizeOf = (tile) => [Number(hidden(tile, "width").value), Number(hidden(tile, "height").value)];

export function layout(form) {
  if (!form) return;
  const place = document.getElementById("layout");
  const said = document.getElementById("layout-said");
  const touch = guard(form);
  const list = () => document.getElementById("tiles");
  const tiles = () => [...list().children];
  const past = [];
  const [columns, rows] = [Number(form.dataset.columns), Number(form.dataset.rows)];

  const size = (tile, width, height) => {
    const [w, h] = [Math.min(columns, Math.max(1, width)), Math.min(rows, Math.max(1, height))];
    hidden(tile, "width").value = w;
    hidden(tile, "height").value = h;
    tile.style.setProperty("--w", w);
    tile.style.setProperty("--h", h);
    tile.querySelector(".layout-size").textContent = `${w} × ${h}`;
  };
  const gone = form.querySelector("[data-gone]");
  /** Offers to take back what was just removed, or no longer. */
  const offer = (text) => {
    gone.hidden = !text;
    gone.firstElementChild.textContent = text ?? "";
  };
  const state = () => tiles().map((tile) => [tile, ...sizeOf(tile)]);
  const keep = () => {
    past.push(state());
    if (past.length > HISTORY) past.shift();
    offer();
    touch();
  };
  const back = () => {
    const before = past.pop();
    offer();
    if (!before) return say("There is nothing to take back.");
    // Tiles that are put back lose the focus, and with it the keyboard's place.
    const focused = document.activeElement;
    list().replaceChildren(...before.map(([tile]) => tile));
    for (const [tile, width, height] of before) size(tile, width, height);
    (list().contains(focused) ? focused : list().querySelector(".layout-handle"))?.focus();
    say("Taken back.");
  };
  const say = (text) => (said.textContent = text);
  const tell = (tile) => {
    const all = tiles();
    const [width, height] = sizeOf(tile);
    say(`${tile.dataset.title}: place ${all.indexOf(tile) + 1} of ${all.length}, ${width} columns, ${height} rows.`);
  };

  const move = (tile, by) => {
    const all = tiles();
    const at = all.indexOf(tile) + by;
    if (at < 0 || at >= all.length) return;
    keep();
    if (by < 0) all[at].before(tile);
    else all[at].after(tile);
    tell(tile);
  };
  const resize = (tile, wider, taller) => {
    const [width, height] = sizeOf(tile);
    keep();
    size(tile, width + wider, height + taller);
    tell(tile);
  };
  const drop = (tile) => {
    const next = tile.nextElementSibling ?? tile.previousElementSibling;
    keep();
    tile.remove();
    say(`${tile.dataset.title} is removed. Ctrl+Z brings it back.`);
    offer(`${tile.dataset.title} is removed.`);
    (next?.querySelector(".layout-handle") ?? document.getElementById("add")).focus();
  };
  const verbs = {
    left: (tile) => move(tile, -1),
    right: (tile) => move(tile, 1),
    wider: (tile) => resize(tile, 1, 0),
    narrower: (tile) => resize(tile, -1, 0),
    taller: (tile) => resize(tile, 0, 1),
    shorter: (tile) => resize(tile, 0, -1),
    drop,
  };

  gone.querySelector("button").addEventListener("click", back);
  form.addEventListener("input", touch);
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (button?.name !== "do" || button.value === "save") return;
    event.preventDefault();
    const tile = button.closest(".layout-tile");
    if (tile) {
      verbs[button.dataset.verb]?.(tile);
      if (button.isConnected) button.focus();
      return;
    }
    touch();
    const html = await part(form.action, fields(form, "do", button.value));
    if (html === undefined) return say("The server did not answer. Try again.");
    past.length = 0;
    offer();
    place.innerHTML = html;
    const added = tiles().at(-1);
    added?.scrollIntoView({ block: "nearest" });
    added?.querySelector(".layout-handle")?.focus();
  });

  form.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.target.matches("input, textarea")) {
      event.preventDefault();
      return back();
    }
    const handle = event.target.closest(".layout-handle");
    if (!handle) return;
    const tile = handle.closest(".layout-tile");
    const steps = {
      ArrowLeft: () => (event.shiftKey ? resize(tile, -1, 0) : move(tile, -1)),
      ArrowRight: () => (event.shiftKey ? resize(tile, 1, 0) : move(tile, 1)),
      ArrowUp: () => (event.shiftKey ? resize(tile, 0, -1) : move(tile, -1)),
      ArrowDown: () => (event.shiftKey ? resize(tile, 0, 1) : move(tile, 1)),
      Delete: () => drop(tile),
    };
    if (!steps[event.key]) return;
    event.preventDefault();
    steps[event.key]();
    if (handle.isConnected) handle.focus();
  });

  place.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest(".layout-handle, .layout-corner");
    if (!handle || event.button !== 0) return;
    event.preventDefault();
    handle.focus?.();
    const tile = handle.closest(".layout-tile");
    drag(event, tile, handle.classList.contains("layout-corner") ? stretch(event, tile) : carry(tile));
  });

  /** Follows the pointer until it is let go of; Escape takes the whole step back. */
  function drag(start, tile, follow) {
    keep();
    tile.classList.add("dragged");
    // A finger belongs to what it touched first, which a tile that moves takes out of the page for a moment.
    list().setPointerCapture(start.pointerId);
    let last = start;
    let frame = requestAnimationFrame(scroll);
    const ended = new AbortController();
    const stop = () => {
      ended.abort();
      cancelAnimationFrame(frame);
      tile.classList.remove("dragged");
      tell(tile);
    };
    function scroll() {
      const below = last.clientY > innerHeight - EDGE;
      if (last !== start && (below || last.clientY < EDGE)) {
        scrollBy(0, below ? SCROLL : -SCROLL);
        follow(last);
      }
      frame = requestAnimationFrame(scroll);
    }
    const { signal } = ended;
    addEventListener(
      "pointermove",
      (event) => {
        if (event.pointerId !== start.pointerId) return;
        last = event;
        follow(event);
      },
      { signal },
    );
    addEventListener("pointerup", (event) => event.pointerId === start.pointerId && stop(), { signal });
    addEventListener("pointercancel", (event) => event.pointerId === start.pointerId && stop(), { signal });
    addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape") return;
        stop();
        back();
      },
      { signal },
    );
  }

  function carry(tile) {
    return (event) => {
      const under = document.elementFromPoint(event.clientX, event.clientY)?.closest(".layout-tile");
      if (!under || under === tile || under.parentElement !== list()) return;
      const box = under.getBoundingClientRect();
      // Tiles that fill the line lie below each other.
      const isFirstHalf =
        box.width > list().clientWidth * 0.9
          ? event.clientY < box.top + box.height / 2
          : event.clientX < box.left + box.width / 2;
      if (isFirstHalf) under.before(tile);
      else under.after(tile);
    };
  }

  /**
   * Follows the corner. Narrow windows have fewer columns or none, so a width is what it was and what the pointer went,
   * in columns of a wide one; where tiles are stacked, only the height follows.
   */
  function stretch(start, tile) {
    const grid = getComputedStyle(list());
    const gap = Number.parseFloat(grid.columnGap) || 0;
    const column = (list().clientWidth + gap) / columns;
    const row = (Number.parseFloat(grid.gridAutoRows) || 72) + gap;
    const isStacked = grid.display !== "grid";
    const [width, height] = sizeOf(tile);
    const scrolled = scrollY;
    return (event) => {
      const wider = isStacked ? 0 : Math.round((event.clientX - start.clientX) / column);
      const taller = Math.round((event.clientY - start.clientY + scrollY - scrolled) / row);
      size(tile, width + wider, height + taller);
    };
  }
}
