import assert from "node:assert/strict";
import { test } from "node:test";

import { AGAIN, FRESH, HELD, PATIENCE, PAUSES, clockwork, pause } from "./wall/clockwork.js";
import { swap } from "./wall/swap.js";
import { age, clock, trouble } from "./wall/words.js";

/** A browser without a document: time that is moved by hand, and all that was begun and not ended. */
class Machine {
  time = 1_764_068_400_000;
  /** The server's clock is ahead of the screen's. */
  skew = 90_000;
  timers = new Map();
  streams = new Set();
  asked = [];
  /** Questions in all; only the last ones are kept. */
  questions = 0;
  shown = [];
  told = [];
  held = [];
  ticks = 0;
  reloads = 0;
  next = 1;
  build = "one";
  turn = 30_000;
  /** How a question is answered; by default with the part of now. */
  answer = () => this.part();
  streamWorks = true;
  seed = 7;

  constructor() {
    this.work = clockwork(
      {
        now: () => this.time,
        later: (work, wait) => {
          const id = this.next++;
          this.timers.set(id, { at: this.time + wait, work });
          return id;
        },
        cancel: (id) => this.timers.delete(id),
        ask: (view, signal) => {
          this.questions += 1;
          this.asked = [...this.asked.slice(-50), { at: this.time, view }];
          return this.answer(view, signal);
        },
        listen: (hint, opened, lost) => {
          const stream = { hint, opened, lost };
          this.streams.add(stream);
          queueMicrotask(() => (this.streamWorks ? opened() : lost()));
          return () => this.streams.delete(stream);
        },
        show: (part) => (this.shown = [...this.shown.slice(-5), part]),
        tick: () => (this.ticks += 1),
        tell: (trouble) => (this.told = [...this.told.slice(-5), trouble]),
        held: (view) => this.held.push(view),
        reload: () => (this.reloads += 1),
        chance: () => {
          this.seed = (this.seed * 16_807) % 2_147_483_647;
          return this.seed / 2_147_483_647;
        },
      },
      this.part(),
    );
  }

  /** What a server of the wall would say now: a new board every `turn`. */
  part() {
    const now = this.time + this.skew;
    const board = Math.floor(now / this.turn);
    return { build: this.build, now, next: (board + 1) * this.turn, board };
  }

  async settle() {
    for (let count = 0; count < 12; count++) await Promise.resolve();
  }

  /** Lets time pass, one timer after the other. */
  async pass(milliseconds) {
    const end = this.time + milliseconds;
    await this.settle();
    for (;;) {
      const [id, first] = [...this.timers].reduce((least, each) => (each[1].at < least[1].at ? each : least), [0, { at: Infinity }]);
      if (first.at > end) break;
      this.time = Math.max(this.time, first.at);
      this.timers.delete(id);
      first.work();
      await this.settle();
    }
    this.time = end;
  }

  hint() {
    for (const { hint } of this.streams) hint();
  }
}

const offline = () => Promise.reject(new TypeError("Failed to fetch"));

test("ten thousand rotations leave nothing behind", async () => {
  const screen = new Machine();
  screen.turn = 10_000;
  const boards = new Set();
  for (let round = 0; round < 10_000; round++) {
    await screen.pass(screen.turn);
    boards.add(screen.shown.at(-1)?.board);
    // The next tick, and no question that is still open.
    assert.ok(screen.timers.size <= 2, `${screen.timers.size} timers after ${round} rounds`);
    assert.ok(screen.streams.size <= 1);
  }
  assert.ok(boards.size >= 9_999, `${boards.size} boards were seen`);
  // Each board is asked for once, and once more when the stream opened.
  assert.ok(screen.questions <= 10_010, `${screen.questions} questions`);
});

test("a board comes when its time has come, by the server's clock", async () => {
  const screen = new Machine();
  await screen.pass(10 * screen.turn);
  for (const { at } of screen.asked.slice(-8)) {
    const late = (at + screen.skew) % screen.turn;
    assert.ok(late < 300, `${late} ms late`);
  }
});

test("a board that stays is asked for every minute", async () => {
  const screen = new Machine();
  screen.turn = 3_600_000;
  await screen.pass(10 * AGAIN);
  assert.ok(screen.questions >= 9 && screen.questions <= 12, `${screen.questions} questions`);
});

test("hints are gathered", async () => {
  const screen = new Machine();
  screen.turn = 3_600_000;
  await screen.pass(5_000);
  const before = screen.questions;
  for (let count = 0; count < 1_000; count++) {
    screen.hint();
    await screen.pass(10);
  }
  const asked = screen.questions - before;
  assert.ok(asked >= 4 && asked <= 10, `${asked} questions for 1000 hints in 10 s`);
  assert.ok(screen.timers.size <= 2);
});

test("without a network the board stays, and pauses grow", async () => {
  const screen = new Machine();
  await screen.pass(60_000);
  const kept = screen.shown.at(-1);
  screen.answer = offline;
  screen.streamWorks = false;
  for (const { lost } of [...screen.streams]) lost();
  const gone = screen.time + screen.skew;
  const before = screen.questions;
  await screen.pass(3_600_000);
  assert.equal(screen.shown.at(-1), kept, "nothing else is shown");
  const { since, why } = screen.told.at(-1);
  assert.ok(Math.abs(since - gone) < 35_000 && why === undefined);
  const asked = screen.questions - before;
  assert.ok(asked >= 60 && asked < 140, `${asked} questions in an hour`);
  assert.ok(screen.timers.size <= 2 && screen.streams.size <= 1);
  assert.ok(screen.ticks > 3_600, "the clock goes on");
  // Back again: the next answer ends it.
  screen.answer = () => screen.part();
  screen.streamWorks = true;
  await screen.pass(PAUSES[1]);
  assert.equal(screen.told.at(-1), undefined);
  assert.notEqual(screen.shown.at(-1), kept);
  await screen.pass(screen.turn * 3);
  assert.ok(Math.abs((screen.asked.at(-1).at + screen.skew) % screen.turn) < 300, "the rotation goes on by the clock");
});

test("an answer that never comes is given up", async () => {
  const screen = new Machine();
  screen.answer = (_, signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  await screen.pass(PATIENCE * 10);
  assert.ok(screen.told.at(-1).since > 0);
  assert.ok(screen.questions >= 5 && screen.timers.size <= 3);
});

test("what the server says stands on the screen", async () => {
  const screen = new Machine();
  screen.answer = () => Promise.reject(Object.assign(new Error("This wall was removed."), { said: true }));
  await screen.pass(60_000);
  assert.equal(screen.told.at(-1).why, "This wall was removed.");
});

test("a restart is found within a moment and does not turn the rotation back", async () => {
  const screen = new Machine();
  await screen.pass(45_000);
  screen.answer = offline;
  for (const { lost } of [...screen.streams]) lost();
  await screen.pass(4_000);
  assert.notEqual(screen.told.at(-1), undefined, "it is said that nothing answers");
  screen.answer = () => screen.part();
  await screen.pass(10_000);
  assert.equal(screen.told.at(-1), undefined);
  assert.equal(screen.shown.at(-1).board, screen.part().board);
});

test("a new version is loaded once the server answers, once, and not right after loading", async () => {
  const screen = new Machine();
  screen.build = "two";
  await screen.pass(FRESH - 5_000);
  assert.equal(screen.reloads, 0);
  screen.answer = offline;
  await screen.pass(300_000);
  assert.equal(screen.reloads, 0, "there is nothing to load the page from");
  screen.answer = () => screen.part();
  await screen.pass(120_000);
  assert.equal(screen.reloads, 1);
  assert.equal(screen.timers.size, 0, "a page that goes does nothing any more");
});

test("a version that was there for a moment only is let go", async () => {
  const screen = new Machine();
  screen.build = "two";
  await screen.pass(40_000);
  screen.build = "one";
  await screen.pass(600_000);
  assert.equal(screen.reloads, 0);
});

test("what somebody holds on to is shown, and the rotation goes on by itself", async () => {
  const screen = new Machine();
  await screen.pass(10_000);
  screen.work.hold("2.0");
  await screen.pass(100);
  assert.equal(screen.asked.at(-1).view, "2.0");
  screen.work.hold("3.0");
  screen.work.letGo();
  await screen.pass(100);
  assert.equal(screen.asked.at(-1).view, undefined);
  screen.work.hold("1.0");
  await screen.pass(HELD + 2_000);
  assert.equal(screen.asked.at(-1).view, undefined);
  assert.deepEqual(screen.held, ["2.0", "3.0", undefined, "1.0", undefined]);
});

test("a clock that is set back or forward does not stop a screen", async () => {
  const screen = new Machine();
  await screen.pass(60_000);
  screen.time -= 7_200_000;
  screen.skew += 7_200_000;
  // Its timers go on by what passes, not by the time of day.
  for (const timer of screen.timers.values()) timer.at -= 7_200_000;
  await screen.pass(90_000);
  assert.equal(screen.shown.at(-1).board, screen.part().board);
  screen.time += 10_800_000;
  screen.skew -= 10_800_000;
  await screen.pass(90_000);
  assert.equal(screen.shown.at(-1).board, screen.part().board);
});

test("pauses double up to a minute, and differ by chance", () => {
  assert.deepEqual([1, 2, 3, 7, 50].map((failures) => pause(failures, 1)), [1_000, 2_000, 4_000, 60_000, 60_000]);
  assert.equal(pause(1, 0), 500);
});

/** As much of an element as swapping needs. */
class Element {
  static made = 0;
  children = [];
  constructor(key, text, failed) {
    Element.made += 1;
    this.dataset = { key, ...(failed === undefined ? {} : { failed }) };
    this.text = text;
  }
  get outerHTML() {
    return `<${this.dataset.key} ${this.dataset.failed ?? ""}>${this.text}`;
  }
  get firstElementChild() {
    return this.children[0] ?? null;
  }
  get nextElementSibling() {
    return this.parent?.children[this.parent.children.indexOf(this) + 1] ?? null;
  }
  remove() {
    this.parent?.children.splice(this.parent.children.indexOf(this), 1);
    this.parent = undefined;
  }
  insertBefore(child, at) {
    child.remove();
    child.parent = this;
    this.children.splice(at ? this.children.indexOf(at) : this.children.length, 0, child);
  }
  replaceWith(child) {
    const { parent } = this;
    parent.insertBefore(child, this);
    this.remove();
  }
}

function list(...children) {
  const list = new Element("list", "");
  for (const [key, text, failed] of children) list.insertBefore(new Element(key, text, failed), null);
  return list;
}

const look = (list) => list.children.map(({ dataset, text }) => `${dataset.key}${text}`).join(" ");

test("only tiles that differ are touched", () => {
  const [here, shown] = [list(), new Map()];
  swap(here, list(["a", 1], ["b", 1], ["c", 1]), shown, assert.fail);
  const [a, , c] = here.children;
  swap(here, list(["a", 1], ["b", 2], ["c", 1]), shown, assert.fail);
  assert.equal(look(here), "a1 b2 c1");
  assert.equal(here.children[0], a);
  assert.equal(here.children[2], c);
  swap(here, list(["c", 1], ["d", 1], ["a", 1]), shown, assert.fail);
  assert.equal(look(here), "c1 d1 a1");
  assert.equal(here.children[0], c);
  assert.equal(here.children[2], a);
  assert.deepEqual([...shown.keys()], ["c", "d", "a"]);
  swap(here, list(), shown, assert.fail);
  assert.equal(here.children.length + shown.size, 0);
});

test("a tile that fails keeps its last good answer, which the next one replaces", () => {
  const [here, shown, marked] = [list(), new Map(), []];
  const mark = (tile, why) => marked.push([tile.text, why]);
  swap(here, list(["a", 1]), shown, mark);
  const [good] = here.children;
  swap(here, list(["a", "", "The database is away."]), shown, mark);
  assert.equal(here.children[0], good);
  assert.deepEqual(marked, [[1, "The database is away."]]);
  swap(here, list(["a", 1]), shown, mark);
  assert.notEqual(here.children[0], good, "the mark goes with it");
  // Where there was no good answer, the failure is shown.
  swap(here, list(["b", "", "No"]), shown, mark);
  swap(here, list(["b", "", "No"]), shown, mark);
  assert.equal(here.children[0].dataset.failed, "No");
  assert.equal(marked.length, 1);
});

test("any change leads to what the server said", () => {
  let seed = 11;
  const chance = (below) => (seed = (seed * 16_807) % 2_147_483_647) % below;
  const [here, shown] = [list(), new Map()];
  for (let round = 0; round < 2_000; round++) {
    const keys = ["a", "b", "c", "d", "e", "f"].sort(() => chance(3) - 1).slice(0, chance(7));
    const fresh = keys.map((key) => [key, chance(3)]);
    const wanted = fresh.map(([key, text]) => `${key}${text}`).join(" ");
    swap(here, list(...fresh), shown, assert.fail);
    assert.equal(look(here), wanted);
    assert.equal(shown.size, keys.length);
  }
});

test("times and ages read as the server's", () => {
  const write = clock();
  const noon = Date.UTC(2026, 10, 25, 17, 5);
  assert.equal(write(noon, "America/New_York"), "12:05");
  assert.equal(write(Date.UTC(2026, 10, 25, 5, 0), "America/New_York"), "00:00");
  assert.equal(write(noon, "Europe/Berlin"), "18:05");
  const ages = [0, 59, 60, 3_599, 3_600, 47 * 3_600, 48 * 3_600, -5].map((seconds) => age(0, seconds * 1_000));
  assert.deepEqual(ages, ["just now", "just now", "1 min ago", "59 min ago", "1 h ago", "47 h ago", "2 days ago", "just now"]);
  assert.equal(trouble({ since: noon }, (at) => write(at, "Europe/Berlin")), "! offline since 18:05");
  assert.equal(trouble({ since: noon, why: "Gone." }, (at) => write(at, "Europe/Berlin")), "! Gone. Since 18:05.");
});
