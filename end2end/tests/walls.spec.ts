// Walls: made in a form, shown on a screen that nobody touches, through lost networks and for weeks.

import type { Page } from "@playwright/test";

import { expect, signedIn as test } from "./fixtures.ts";

test.use({ purpose: "walls" });
test.beforeEach(({ tenant: _ }) => {});

const SCREENSHOTS = "screenshots";
/** A screen on a wall, and one that hangs upright. */
const SCREEN = { width: 1920, height: 1080 };
const UPRIGHT = { width: 1080, height: 1920 };

const title = (page: Page) => page.locator(".wall-title");
const state = (page: Page) => page.locator("#wall-state");

/** Makes a wall of these boards and answers its address. */
async function make(page: Page, name: string, boards: string[], seconds: number): Promise<string> {
  await page.goto("/walls/new");
  await page.getByLabel("Name", { exact: true }).fill(name);
  for (const [place, board] of boards.entries()) {
    if (place > 0) await page.getByRole("button", { name: "Add board" }).click();
    const entry = page.getByRole("group", { name: `Board ${place + 1}`, exact: true });
    await entry.getByLabel("Board", { exact: true }).selectOption({ label: board });
    await entry.getByLabel("Seconds").fill(String(seconds));
  }
  await page.getByRole("button", { name: "Save wall" }).click();
  await expect(page.getByText(`“${name}” is saved`)).toBeVisible();
  const link = page.getByRole("heading", { name, exact: true }).getByRole("link");
  return (await link.getAttribute("href")) ?? "";
}

/** Texts on the screen that are smaller than can be read across a room, and tiles whose content is cut off. */
const illegible = (page: Page) =>
  page.evaluate(() => {
    const least = Math.min(innerWidth, innerHeight) * 0.014 * 1.6 - 0.1;
    const found: string[] = [];
    const texts = document.createTreeWalker(document.getElementById("wall") as Node, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement;
      if (!texts.currentNode.textContent?.trim() || !element || element.closest(".visually-hidden")) continue;
      let size = Number.parseFloat(getComputedStyle(element).fontSize);
      const picture = (element as Element as SVGGraphicsElement).getScreenCTM?.();
      if (picture) size *= Math.hypot(picture.a, picture.b);
      if (size < least) found.push(`${texts.currentNode.textContent}: ${size.toFixed(1)} px`);
    }
    for (const body of document.querySelectorAll(".tile-body")) {
      if (body.scrollHeight > body.clientHeight + 2) found.push(`${body.parentElement?.dataset.key} is cut off`);
    }
    const { scrollHeight, scrollWidth } = document.documentElement;
    if (scrollHeight > innerHeight || scrollWidth > innerWidth) found.push("the page can be scrolled");
    return found;
  });

/** Shows a screen as a wall of another scheme does. */
const paint = (page: Page, scheme: "light" | "dark") =>
  page.locator("[data-theme]").evaluateAll((themed, scheme) => {
    for (const element of themed as HTMLElement[]) element.dataset.theme = scheme;
  }, scheme);

/** Looks for breaches of accessibility in both schemes. */
async function inBoth(page: Page, axe: () => Promise<void>): Promise<void> {
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    await axe();
  }
}

test("a wall is made, opened, changed, removed and brought back", async ({ page, axe }) => {
  await page.goto("/walls");
  await expect(page.getByText("No walls yet")).toBeVisible();
  await inBoth(page, axe);
  await page.screenshot({ path: `${SCREENSHOTS}/walls-empty-1440-light.png` });
  const address = await make(page, "The hall", ["Service Ticket KPIs", "Sales"], 30);
  await inBoth(page, axe);
  await page.screenshot({ path: `${SCREENSHOTS}/walls-1440-light.png` });
  await page.goto(`${address}/edit`);
  await inBoth(page, axe);
  await page.screenshot({ path: `${SCREENSHOTS}/wall-edit-1440-light.png`, fullPage: true });
  await page.getByRole("group", { name: "Board 1" }).getByRole("button", { name: /^Move down/ }).click();
  await expect(page.getByLabel("Board", { exact: true }).first()).toHaveValue("sales");
  await page.getByLabel("Looks").selectOption("Light");
  await page.getByRole("button", { name: "Save wall" }).click();
  const card = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "The hall" }) });
  await expect(card.getByRole("listitem").first()).toContainText("Sales");
  await page.goto(address);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
  await page.goto("/walls");
  await card.getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("“The hall” is removed")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("“The hall” is back")).toBeVisible();
});

test.describe("what makes no sense", () => {
  test.use({ allowedErrors: /422/ });

  test("is said, and what was typed stays", async ({ page, axe }) => {
    await page.goto("/walls/new");
    await page.getByLabel("Name", { exact: true }).fill("The hall");
    await page.getByLabel("Board", { exact: true }).selectOption("sales");
    const range = page.getByLabel("Range", { exact: true });
    await range.selectOption({ label: "Last 30 days" });
    // Somebody wrote a form of their own.
    await page.getByLabel("Owner", { exact: true }).evaluate((field: HTMLSelectElement) => field.add(new Option("Shoes", "shoe_size=46", true, true)));
    await page.getByRole("button", { name: "Save wall" }).click();
    await expect(page.getByRole("alert")).toContainText("there is no filter “shoe_size”");
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue("The hall");
    await inBoth(page, axe);
  });
});

for (const [name, board, wide, tall] of [
  ["kpis", "service-ticket-kpis", 3, 4],
  ["desk", "service-desk-leaderboard", 3, 4],
  ["sales", "sales-leaderboard", 2, 2],
] as const) {
  for (const [shape, size, parts] of [
    ["wide", SCREEN, wide],
    ["tall", UPRIGHT, tall],
  ] as const) {
    test(`every part of ${board} can be read across a room on a ${shape} screen`, async ({ page, axe }) => {
      await page.setViewportSize(size);
      for (let part = 0; part < parts; part++) {
        // The rotation would go on while the part is looked at.
        await page.route("**/pkg/wall.*", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
        await page.goto(`/walls/board/${board}?view=0.${part}&shape=${shape}`);
        await expect(page.getByText(`part ${part + 1} of ${parts}`)).toBeVisible();
        for (const scheme of ["light", "dark"] as const) {
          await paint(page, scheme);
          expect(await illegible(page)).toEqual([]);
          await axe();
          await page.screenshot({ path: `${SCREENSHOTS}/wall-${name}-${part + 1}-${size.width}-${scheme}.png` });
        }
      }
    });
  }
}

test("a screen that is turned is laid out anew", async ({ page }) => {
  await page.setViewportSize(UPRIGHT);
  await page.goto("/walls/board/service-ticket-kpis");
  const wall = page.locator("#wall");
  await expect(wall).toHaveAttribute("data-shape", "tall");
  await expect(page.locator(".tile").first()).toBeVisible();
  await page.setViewportSize(SCREEN);
  await expect(wall).toHaveAttribute("data-shape", "wide");
  await expect(page.locator(".wall-grid")).toHaveCSS("grid-template-columns", /^(\S+ ){11}\S+$/);
});

test("filters of a board are chosen in the form, with and without its script", async ({ page, browser, admin, server }) => {
  await page.goto("/walls/new");
  await page.getByLabel("Name", { exact: true }).fill("Filtered");
  await expect(page.getByText("Choose a board to see its filters.")).toBeVisible();
  await page.getByLabel("Board", { exact: true }).selectOption({ label: "Service Ticket KPIs" });
  await page.getByLabel("Queue", { exact: true }).selectOption({ index: 1 });
  const queue = await page.getByLabel("Queue", { exact: true }).locator("option:checked").innerText();
  await page.getByLabel("Range", { exact: true }).selectOption({ label: "Last 30 days" });
  // Another datasource or board asks again and keeps what is chosen.
  await page.getByLabel("Board", { exact: true }).selectOption({ label: "Service Desk Leaderboard" });
  await expect(page.getByLabel("Team", { exact: true })).toBeVisible();
  await expect(page.getByLabel("Queue", { exact: true }).locator("option:checked")).toHaveText(queue);
  await page.getByRole("button", { name: "Save wall" }).click();
  await page.getByRole("heading", { name: "Filtered" }).getByRole("link").click();
  await expect(page.locator(".wall-about")).toContainText(`Queue: ${queue}`);
  await expect(page.locator(".wall-about")).toContainText("Last 30 days");

  const bare = await browser.newContext({ javaScriptEnabled: false, baseURL: server.url, storageState: admin.state });
  const plain = await bare.newPage();
  await plain.goto("/walls/new");
  await plain.getByLabel("Name", { exact: true }).fill("Plain");
  await plain.getByLabel("Board", { exact: true }).selectOption({ label: "Sales Reps" });
  await plain.getByRole("button", { name: "Show its filters" }).click();
  await expect(plain.getByLabel("Name", { exact: true })).toHaveValue("Plain");
  await plain.getByLabel("Owner", { exact: true }).selectOption({ index: 1 });
  await plain.getByRole("button", { name: "Save wall" }).click();
  await expect(plain.getByText("“Plain” is saved")).toBeVisible();
  await bare.close();
});

test("boards take turns by the server's clock, and arrows look ahead", async ({ page }) => {
  // It waits for two turns of the server's clock.
  test.setTimeout(60_000);
  await page.setViewportSize(SCREEN);
  const address = await make(page, "Two boards", ["Data Health", "Sales Leaderboard"], 10);
  await page.goto(address);
  await expect(page.locator(".wall-dots i")).toHaveCount(2);
  const first = await title(page).innerText();
  await expect(title(page)).not.toHaveText(first, { timeout: 15_000 });
  await expect(title(page)).toHaveText(first, { timeout: 15_000 });
  // Held: the rotation stands still until somebody lets go.
  const turning = await page.locator("#wall").getAttribute("data-view");
  await page.keyboard.press("ArrowRight");
  await expect(state(page)).toHaveText("paused; Space goes on");
  await expect(page.locator("#wall")).not.toHaveAttribute("data-view", turning ?? "");
  const held = await page.locator("#wall").getAttribute("data-view");
  await page.keyboard.press("ArrowRight");
  await expect(page.locator("#wall")).not.toHaveAttribute("data-view", held ?? "");
  await page.keyboard.press("ArrowLeft");
  await expect(page.locator("#wall")).toHaveAttribute("data-view", held ?? "");
  await page.keyboard.press(" ");
  await expect(state(page)).toBeEmpty();
});

test.describe("a network that goes", () => {
  test.use({ allowedErrors: /ERR_INTERNET_DISCONNECTED/ });

  test("leaves the board on the screen, which says since when and finds back", async ({ page, context }) => {
    await page.setViewportSize(SCREEN);
    await page.goto("/walls/board/service-ticket-kpis");
    await expect(page.locator(".tile").first()).toBeVisible();
    await context.setOffline(true);
    await expect(state(page)).toHaveText(/offline since \d\d:\d\d/);
    await expect(page.locator(".tile").first()).toBeVisible();
    await page.screenshot({ path: `${SCREENSHOTS}/wall-offline-1920-dark.png` });
    await context.setOffline(false);
    await expect(state(page)).toBeEmpty({ timeout: 15_000 });
  });
});

test("a change in Autotask arrives by itself, and touches only its own tiles", async ({ page, server, tenant }) => {
  await page.setViewportSize(SCREEN);
  await page.goto("/walls/board/service-ticket-kpis");
  // Held, so that it is not the rotation that brings other tiles.
  await page.keyboard.press("ArrowRight");
  await expect(state(page)).toHaveText("paused; Space goes on");
  const wall = page.locator("#wall");
  await expect(async () => {
    if ((await wall.getAttribute("data-view")) !== "0.0") await page.keyboard.press("ArrowRight");
    await expect(wall).toHaveAttribute("data-view", "0.0", { timeout: 500 });
  }).toPass();
  const tile = (title: string) => page.locator(".tile").filter({ has: page.getByRole("heading", { name: title, exact: true }) });
  const before = Number(await tile("Open tickets").locator(".value").innerText());
  await page.locator(".tile").evaluateAll((tiles) => tiles.forEach((tile) => tile.setAttribute("data-seen", "")));
  const open = (await server.simulator.rows("Tickets")).find((ticket) => ticket.status !== 5);
  await server.simulator.edit({ entity: "Tickets", row: { id: open?.id, status: 5 } });
  expect((await server.cli(["sync", "--datasource", tenant.name])).code).toBe(0);
  await expect(tile("Open tickets").locator(".value")).toHaveText(String(before - 1));
  await expect(tile("Open tickets")).not.toHaveAttribute("data-seen");
  await expect(tile("Opened today")).toHaveAttribute("data-seen");
});

test("hours on a screen leave nothing behind", async ({ page, context }) => {
  test.setTimeout(120_000);
  await page.clock.install();
  // How many requests are under way stands in the page.
  await page.addInitScript(() => {
    const asked = window.fetch;
    let asking = 0;
    const count = (more: number) => (document.documentElement.dataset.asking = String((asking += more)));
    window.fetch = async (...request) => {
      count(1);
      try {
        const answer = await asked(...request);
        await answer.clone().text();
        return answer;
      } finally {
        count(-1);
      }
    };
  });
  await page.goto(await make(page, "For weeks", ["Service Ticket KPIs", "Sales Leaderboard"], 60));
  const devtools = await context.newCDPSession(page);
  const held = async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    const { nodes, jsEventListeners } = await devtools.send("Memory.getDOMCounters");
    const { usedSize } = await devtools.send("Runtime.getHeapUsage");
    return { nodes, jsEventListeners, usedSize };
  };
  let parts = 0;
  page.on("response", (answer) => (parts += Number(answer.url().includes("/part"))));
  /** Waits until what a step asks for has come. */
  const settled = async (step: () => Promise<void>) => {
    await step();
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset.asking ?? "0"), { intervals: [5, 10, 20, 50] }).toBe("0");
  };
  /** Lets so many minutes pass, and ends at the same board. */
  const pass = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      await settled(async () => {
        // What is due within the minute happens once; then a second with each of its frames.
        await page.clock.fastForward(60_000);
        await page.clock.runFor(1_000);
      });
    }
    await page.keyboard.press("ArrowRight");
    await expect(state(page)).toHaveText("paused; Space goes on");
    for (let step = 0; step < 12; step++) {
      if ((await page.locator("#wall").getAttribute("data-view")) === "0.0") break;
      await settled(() => page.keyboard.press("ArrowRight"));
    }
    await expect(page.locator("#wall")).toHaveAttribute("data-view", "0.0");
    const counted = await held();
    await page.keyboard.press(" ");
    return counted;
  };
  const before = await pass(10);
  const after = await pass(40);
  console.log(JSON.stringify({ parts, before, after }));
  expect(parts).toBeGreaterThan(30);
  expect(after.nodes).toBeLessThan(before.nodes * 1.2);
  expect(after.jsEventListeners).toBeLessThanOrEqual(before.jsEventListeners + 2);
  expect(after.usedSize).toBeLessThan(before.usedSize * 1.5);
});

test("the pointer and the ways out hide, and come back", async ({ page, axe }) => {
  await page.setViewportSize(SCREEN);
  await page.goto("/walls/board/sales");
  const leave = page.getByRole("link", { name: "Leave" });
  await page.mouse.move(200, 200);
  await expect(leave).toBeVisible();
  await axe();
  await paint(page, "light");
  await axe();
  await expect(page.locator("html")).toHaveClass(/is-idle/, { timeout: 8_000 });
  await expect(page.locator("html")).toHaveCSS("cursor", "none");
  await page.keyboard.press("Tab");
  await expect(page.locator("html")).not.toHaveClass(/is-idle/);
  await leave.click();
  await expect(page).toHaveURL(/\/walls$/);
});

test("a new version of the server is loaded by itself", async ({ page }) => {
  await page.clock.install();
  await page.goto("/walls/board/sales");
  await page.route("**/part*", async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replace(/data-build="[^"]*"/, 'data-build="another"');
    await route.fulfill({ response: answer, body });
  });
  const loaded = page.waitForEvent("load", { timeout: 20_000 });
  // Older than a minute, and a little more by chance.
  await page.clock.runFor(30_000);
  for (let minute = 0; minute < 3; minute++) await page.clock.runFor(60_000);
  await loaded;
  // A part may be on its way still.
  await page.unrouteAll({ behavior: "ignoreErrors" });
});
