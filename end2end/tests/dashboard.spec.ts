import type { Locator, Page } from "@playwright/test";

import { expect, signedIn as test } from "./fixtures.ts";
import { open } from "./form.ts";

const BOARD = "/dashboards/service-ticket-kpis";

const NUMBERS = ["Open tickets", "New / unassigned", "Opened today", "Closed today", "Kill rate today", "Stale tickets"];
const AVERAGES = ["Avg first response", "Avg resolution", "SLA met overall", "Same-day resolution"];
const CHARTS = [
  "Backlog by age",
  "Open by status",
  "Open by priority",
  "Open by queue",
  "Backlog over time",
  "Response and resolution trend",
  "Breaches by queue × priority",
  "Open by client",
];

const tile = (page: Page, title: string): Locator =>
  page.locator("section").filter({ has: page.getByRole("heading", { name: title, exact: true }) });

test.beforeEach(({ tenant: _ }) => {});

test("the tiles show values, or why there is none", async ({ page }) => {
  await open(page, BOARD);
  await expect(page.getByRole("heading", { level: 1, name: "Service Ticket KPIs" })).toBeVisible();
  await expect(tile(page, "Open tickets").locator(".value")).toHaveText(/^[1-9][\d,.]*\s?k?$/);
  for (const title of [...NUMBERS, ...AVERAGES]) {
    await expect(tile(page, title).locator(".value, .tile-empty"), title).toHaveText(/\d|No data.+/);
    await expect(tile(page, title).getByText(/ago|now/), title).toBeVisible();
  }
  for (const title of CHARTS) await expect(tile(page, title).getByRole("img").first(), title).toBeVisible();
  await expect(tile(page, "Oldest open tickets").getByRole("row")).toHaveCount(11);
});

for (const width of [390, 1024, 1440, 2560]) {
  test(`at a width of ${width} the words of charts leave each other room`, async ({ page }) => {
    await page.setViewportSize({ width, height: 1000 });
    await open(page, BOARD);
    for (const title of CHARTS) await expect(tile(page, title).locator(".chart-live svg"), title).toBeVisible();
    const crowded = await page.locator(".chart-live").evaluateAll((charts) =>
      charts.flatMap((chart) => {
        const frame = chart.getBoundingClientRect();
        const words = [...chart.querySelectorAll("text")]
          .filter((text) => text.textContent?.trim())
          .map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
        const outside = words.filter(
          ({ box }) =>
            box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1,
        );
        // The boxes of lines are a little higher than their letters.
        const meet = (a: DOMRect, b: DOMRect) =>
          Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
        const over = words.flatMap((one, place) =>
          words.slice(place + 1).filter((other) => meet(one.box, other.box)).map((other) => `${one.text} over ${other.text}`),
        );
        return [...outside.map(({ text }) => `${text} is cut`), ...over];
      }),
    );
    expect(crowded).toEqual([]);
  });
}

for (const width of [1100, 1440]) {
  test(`at a width of ${width} the foot of a narrow tile says its whole age`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 });
    await open(page, "/dashboards/sales-reps");
    await expect(page.locator(".tile-foot time").first()).toBeVisible();
    const cut = await page.locator("section.tile").evaluateAll((tiles) =>
      tiles.flatMap((tile) => {
        const foot = tile.querySelector(".tile-foot");
        const age = foot?.lastElementChild;
        if (!foot || !age) return ["a tile without a foot"];
        const isWhole =
          age.scrollWidth <= age.clientWidth + 1 && age.getBoundingClientRect().right <= foot.getBoundingClientRect().right + 1;
        return isWhole ? [] : [`${tile.querySelector("h2")?.textContent}: ${age.textContent}`];
      }),
    );
    expect(cut).toEqual([]);
  });
}

test("a tile with nothing to show is short where tiles are stacked", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  // Nobody has this number.
  await open(page, "/dashboards/sales-reps?owner=0");
  const empty = page.locator("section.tile").filter({ has: page.locator(".tile-empty") });
  await expect(empty.first()).toBeVisible();
  for (const tile of await empty.all()) expect((await tile.boundingBox())?.height, await tile.innerText()).toBeLessThan(160);
  await page.screenshot({ path: "screenshots/sales-reps-empty-390.png", fullPage: true });
});

test("the first HTML holds the pictures and the numbers", async ({ page, request }) => {
  const html = await (await request.get(BOARD)).text();
  await page.setContent(html.replace(/<script[\s\S]*?<\/script>/g, "").replace(/<link[^>]*>/g, ""));
  for (const title of CHARTS) {
    const picture = tile(page, title).locator("svg:not([aria-hidden])").first();
    expect(await picture.locator("path, rect, polyline, circle").count(), title).toBeGreaterThan(3);
  }
  await expect(tile(page, "Open tickets").locator(".value")).toHaveText(/[1-9]/);
});

test("live charts take over from the pictures", async ({ page }) => {
  await open(page, BOARD);
  for (const title of CHARTS) {
    const chart = tile(page, title).getByRole("img").first();
    await expect(chart.locator(".chart-live svg"), title).toBeVisible();
    await expect(chart.locator(":scope > svg"), title).toBeHidden();
    await expect(chart, title).toHaveAccessibleName(/\d/);
  }
});

test("each chart has its table behind it", async ({ page }) => {
  await open(page, BOARD);
  for (const title of CHARTS) {
    await tile(page, title).getByText(`${title}: Table`).click();
    const rows = tile(page, title).getByRole("region", { name: "Numbers of the chart" }).getByRole("row");
    expect(await rows.count(), title).toBeGreaterThan(1);
    await expect(rows.nth(1), title).toHaveText(/\d/);
  }
});

test("filters work by keyboard, stand in the address and survive a reload", async ({ page }) => {
  await open(page, BOARD);
  const value = tile(page, "Open tickets").locator(".value");
  const all = await value.innerText();
  const queue = page.getByLabel("Queue", { exact: true });
  await queue.focus();
  await page.keyboard.press("ArrowDown");
  await expect(page).toHaveURL(/[?&]queue=\d+/);
  await expect(value).not.toHaveText(all);
  await expect(page.getByLabel("Queue", { exact: true })).not.toHaveValue("");
  const filtered = await value.innerText();
  await page.reload();
  await expect(value).toHaveText(filtered);
  await expect(page.getByLabel("Queue", { exact: true })).not.toHaveValue("");
  await page.getByRole("link", { name: "Reset" }).press("Enter");
  await expect(value).toHaveText(all);
});

test("a tile explains its number", async ({ page }) => {
  await open(page, BOARD);
  const about = tile(page, "Open tickets");
  await about.getByLabel("About Open tickets").press("Enter");
  await expect(about.getByText("Tickets in any status but Complete.")).toBeVisible();
});

test("numbers and cells lead to their rows", async ({ page, axe }) => {
  await open(page, BOARD);
  const opened = tile(page, "Open tickets");
  const value = await opened.locator(".value").innerText();
  await opened.locator(".value a").click();
  await expect(page.getByRole("heading", { level: 1, name: "Open tickets" })).toBeVisible();
  await expect(page.locator("#number")).toContainText(`${value} rows`);
  await axe();
  await page.getByRole("link", { name: "Service Ticket KPIs" }).first().click();
  await expect(page).toHaveURL(new RegExp(BOARD));

  // A cell of the table behind a chart.
  const chart = tile(page, "Open by queue");
  await chart.getByText("Open by queue: Table").click();
  const row = chart.getByRole("region", { name: "Numbers of the chart" }).getByRole("row").nth(1);
  const [name, count] = [await row.getByRole("rowheader").innerText(), await row.getByRole("link").innerText()];
  await row.getByRole("link").click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(name);
  await expect(page.locator("#number")).toContainText(new RegExp(`\\b${count} rows?`));
});

test("a click on a bar opens its rows", async ({ page }) => {
  await open(page, BOARD);
  const chart = tile(page, "Open by queue");
  await chart.scrollIntoViewIfNeeded();
  await expect(chart.locator(".chart-live svg")).toBeVisible();
  // Bars are the filled paths that are wide enough to be hit; the first one is the largest.
  const bars = await chart.locator(".chart-live svg path").evaluateAll((paths) =>
    paths
      .filter((path) => !["none", "transparent"].includes(path.getAttribute("fill") ?? "none"))
      .map((path) => path.getBoundingClientRect())
      .filter((box) => box.width > 20 && box.height > 6 && box.height < 60)
      .map((box) => ({ x: box.left + box.width / 2, y: box.top + box.height / 2 })),
  );
  expect(bars.length).toBeGreaterThan(1);
  await page.mouse.click(bars[0].x, bars[0].y);
  await expect(page).toHaveURL(/\/gauges\/open_by_queue\/rows\?.*k=/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Open by queue: ");
});
