// The script of a screen on the wall. What it has to know stands in the attributes of the part that it shows.

import { clockwork } from "./wall/clockwork.js";
import { fullScreen, hidePointer, keys, stayAwake } from "./wall/comforts.js";
import { swap } from "./wall/swap.js";
import { age, clock, trouble } from "./wall/words.js";

const wall = document.getElementById("wall");
const write = clock();
/** Screens that hang upright, as the type of style/tokens.css has it. */
const upright = matchMedia("(max-aspect-ratio: 4 / 5)");
/** The HTML of the tiles on the screen, by key. */
const shown = new Map();
let failing;
let heldView;

const byId = (id) => document.getElementById(id);

/** What the clockwork needs of a part. */
const read = (part) => {
  const { build, now, next } = part.dataset;
  return { build, now: Number(now), next: Number(next), part };
};

/** A problem that the server said in words. */
class Said extends Error {
  said = true;
}

async function ask(view, signal) {
  const address = new URL(wall.dataset.part, location.href);
  address.searchParams.set("shape", upright.matches ? "tall" : "wide");
  if (view !== undefined) address.searchParams.set("view", view);
  // A redirect leads to where one signs in.
  const answer = await fetch(address, { signal, redirect: "manual", cache: "no-store" });
  if (answer.type === "opaqueredirect") throw new Said("Nobody is signed in on this screen.");
  const text = await answer.text();
  if (!answer.ok) throw answer.headers.get("content-type")?.startsWith("text/plain") ? new Said(text.slice(0, 200)) : new Error();
  const part = new DOMParser().parseFromString(text, "text/html").getElementById("wall");
  if (!part) throw new Said("The server answered with something else.");
  return read(part);
}

/** Opens the stream of hints. */
function listen(hint, opened, lost) {
  const stream = new EventSource("/events");
  stream.onmessage = ({ data }) => {
    // How far a sync is changes nothing on a board.
    if (!data.startsWith('{"progress"')) hint();
  };
  stream.onopen = opened;
  // The browser would try again at once, with all other screens.
  stream.onerror = lost;
  return () => {
    stream.onmessage = stream.onopen = stream.onerror = null;
    stream.close();
  };
}

function show({ part }) {
  for (const { name, value } of [...part.attributes]) if (name.startsWith("data-")) wall.setAttribute(name, value);
  for (const name of ["data-at", "data-stale"]) if (!part.hasAttribute(name)) wall.removeAttribute(name);
  document.documentElement.dataset.theme = wall.dataset.theme;
  const state = byId("wall-state");
  const head = part.querySelector(".wall-head");
  head.querySelector("#wall-state").replaceWith(state);
  wall.querySelector(".wall-head").replaceWith(head);
  const [board, fresh] = [wall.querySelector(".wall-board"), part.querySelector(".wall-board")];
  const [tiles, freshTiles] = [board.querySelector("#wall-tiles"), fresh.querySelector("#wall-tiles")];
  if (tiles && freshTiles && wall.dataset.shown === wall.dataset.view) {
    board.setAttribute("style", fresh.getAttribute("style"));
    swap(tiles, freshTiles, shown, markFailed);
  } else {
    board.replaceWith(fresh);
    remember();
  }
  wall.dataset.shown = wall.dataset.view;
  tick(Number(part.dataset.now));
}

/** Notes what the tiles that came with a board are. */
function remember() {
  shown.clear();
  for (const tile of byId("wall-tiles")?.children ?? []) shown.set(tile.dataset.key, tile.outerHTML);
}

function markFailed(tile, why) {
  tile.classList.add("is-failed");
  const line = tile.querySelector(".wall-line");
  line.textContent = `! ${why}`;
  line.hidden = false;
}

const setText = (element, text) => {
  if (element && element.textContent !== text) element.textContent = text;
};

function tick(now) {
  const { zone, at, stale } = wall.dataset;
  setText(byId("wall-clock"), write(now, zone));
  const old = byId("wall-age");
  setText(old, at === undefined ? "no data yet" : `data ${age(Number(at), now)}`);
  old?.classList.toggle("is-stale", at !== undefined && now - Number(at) > Number(stale));
  for (const tile of wall.querySelectorAll(".wall-tile-age")) setText(tile, `data ${age(Number(tile.dataset.at), now)}`);
}

function say() {
  const text = failing ? trouble(failing, (at) => write(at, wall.dataset.zone)) : heldView ? "paused; Space goes on" : "";
  setText(byId("wall-state"), text);
  wall.classList.toggle("is-offline", failing !== undefined);
}

if (wall) {
  wall.dataset.shown = wall.dataset.view;
  remember();
  const work = clockwork(
    {
      now: () => Date.now(),
      later: (work, pause) => setTimeout(work, pause),
      cancel: (timer) => clearTimeout(timer),
      ask,
      listen,
      show,
      tick,
      tell: (trouble) => {
        failing = trouble;
        say();
      },
      held: (view) => {
        heldView = view;
        say();
      },
      reload: () => location.reload(),
      chance: Math.random,
    },
    read(wall),
  );
  addEventListener("online", work.wake);
  addEventListener("offline", work.lost);
  // A machine that slept asks at once.
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && work.wake());
  // The page comes as for a wide screen; a screen may be turned.
  upright.addEventListener("change", work.again);
  if (upright.matches !== (wall.dataset.shape === "tall")) work.again();
  const full = fullScreen(byId("wall-full"));
  keys({ back: () => work.hold(wall.dataset.back), on: () => work.hold(wall.dataset.on), letGo: work.letGo, full });
  hidePointer();
  stayAwake();
}
