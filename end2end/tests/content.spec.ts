// Gauges and dashboards as people make, change and lay them out: with a mouse, with the keyboard alone, with files.

import type { Locator } from "@playwright/test";

import { expect, signedIn as test } from "./fixtures.ts";
import { open } from "./form.ts";

test.use({ purpose: "content" });
test.beforeEach(({ tenant: _ }) => {});

const SCREENSHOTS = "screenshots";

test("a gauge is built beside its answer, saved, and taken back", async ({ page, axe }) => {
  await page.goto("/gauges");
  await page.getByRole("link", { name: "New gauge" }).click();
  const preview = page.getByRole("complementary", { name: "Preview" });
  await expect(preview.locator(".value")).toHaveText(/\d/);
  const all = await preview.locator(".value").innerText();
  await page.getByRole("textbox", { name: "Title" }).fill("Open at the desk");
  await page.getByRole("button", { name: /condition/i }).first().click();
  const column = page.locator('[name="layers.0.where.0.column"]');
  await column.selectOption("is_open");
  await page.locator('[name="layers.0.where.0.value"]').fill("yes");
  await expect(preview.locator(".value")).not.toHaveText(all);
  const open_ = await preview.locator(".value").innerText();
  await axe();
  await page.screenshot({ path: `${SCREENSHOTS}/builder-filled-1440-light.png`, fullPage: true });
  await page.getByLabel("Chart", { exact: true }).selectOption("bars");
  await page.locator('[name="groups.0.by"]').selectOption("queue");
  await expect(preview.getByRole("img").first()).toBeVisible();
  await page.getByLabel("Chart", { exact: true }).selectOption("number");
  await page.locator('[name="groups.0.by"]').selectOption("");
  await expect(preview.locator(".value")).toHaveText(open_);
  await page.getByRole("button", { name: "Save gauge" }).click();
  await expect(page).toHaveURL(/\/gauges\/open_at_the_desk\?done=saved/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Open at the desk");
  await expect(page.locator(".value").first()).toHaveText(open_);
  await axe();
  await page.getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("is removed")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("is back")).toBeVisible();
  await expect(page.getByRole("link", { name: "Open at the desk", exact: true })).toBeVisible();
});

test.describe("what is refused", () => {
  test.use({ allowedErrors: /409|422/ });

  test("a gauge over two dates, undone by whoever made it and by nobody else", async ({ page, context, axe }) => {
    await page.goto("/gauges/avg_resolution/edit");
    await page.getByLabel("Range", { exact: true }).selectOption("Between two dates");
    await page.getByText("Two dates", { exact: true }).click();
    await page.getByRole("button", { name: "Save gauge" }).click();
    await expect(page.getByRole("alert")).toContainText("needs a first and a last date");
    await page.getByLabel("From", { exact: true }).fill("2026-01-05");
    await page.getByLabel("To, included").fill("2026-02-01");
    await page.locator('[name="layers.0.measure"]').selectOption("95th percentile");
    await axe();
    await page.screenshot({ path: `${SCREENSHOTS}/builder-dates-1440-light.png`, fullPage: true });
    await page.getByRole("button", { name: "Save gauge" }).click();
    await expect(page.getByText("is saved")).toBeVisible();
    await expect(page.getByText(/5 Jan 2026 to 1 Feb 2026/).first()).toBeVisible();
    await expect(page.getByText(/95th percentile of/).first()).toBeVisible();

    // Somebody else changes it after that: what the first page offers would take their change back.
    const other = await context.newPage();
    await other.goto("/gauges/avg_resolution/edit");
    await other.getByRole("textbox", { name: "Title" }).fill("How long it takes");
    await other.getByRole("button", { name: "Save gauge" }).click();
    await expect(other.getByText("is saved")).toBeVisible();
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(page.getByRole("main")).toContainText("changed again since");
    await axe();
    await other.getByRole("button", { name: "Undo" }).click();
    await expect(other.getByText("is as it was before")).toBeVisible();
    await other.goto("/gauges/avg_resolution");
    await other.getByRole("button", { name: "Reset to default" }).click();
    await expect(other.getByText("is as it ships again")).toBeVisible();
  });
});

test("a gauge explains itself: formula, filters, window, rows, age", async ({ page }) => {
  await open(page, "/dashboards/service-ticket-kpis");
  const tile = page.locator("section").filter({ has: page.getByRole("heading", { name: "Open tickets", exact: true }) });
  const value = await tile.locator(".value").innerText();
  await tile.getByRole("link", { name: "Explain Open tickets" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Open tickets");
  await expect(page.locator(".value").first()).toHaveText(value);
  for (const word of ["America/New_York", "Autotask’s own count"]) await expect(page.getByText(word).first()).toBeVisible();
  // The tenant counts the same rows when it is asked.
  await page.getByRole("button", { name: "Ask Autotask now" }).click();
  const own = page.getByRole("region", { name: "Rows that Autotask counts" });
  await expect(own.getByRole("cell")).toHaveText([value, value]);
  await page.screenshot({ path: `${SCREENSHOTS}/explain-1440-light.png`, fullPage: true });
});

test("a board is copied, laid out by mouse and keyboard, and saved", async ({ page, axe }) => {
  await page.goto("/dashboards");
  const card = page.getByRole("listitem").filter({ has: page.getByRole("link", { name: "Service Ticket KPIs", exact: true }) });
  await card.getByRole("button", { name: "Duplicate" }).click();
  await expect(page).toHaveURL(/service-ticket-kpis-2\/edit/);
  const tiles = page.locator(".layout-tile");
  const title = (place: number) => tiles.nth(place).getAttribute("data-title");
  const count = await tiles.count();
  const [first, second] = [await title(0), await title(1)];

  // By keyboard: moved on, wider, removed, and all of it taken back.
  const handle = tiles.nth(0).locator(".layout-handle");
  await handle.focus();
  await page.keyboard.press("ArrowRight");
  expect([await title(0), await title(1)]).toEqual([second, first]);
  await page.keyboard.press("Shift+ArrowRight");
  await expect(page.getByRole("status")).toContainText(`${first}: place 2 of ${count}`);
  await page.keyboard.press("Delete");
  await expect(tiles).toHaveCount(count - 1);
  for (let step = 0; step < 3; step++) await page.keyboard.press("Control+z");
  await expect(tiles).toHaveCount(count);
  expect([await title(0), await title(1)]).toEqual([first, second]);
  await axe();

  // By mouse: the first tile is dropped behind the third, and made narrower at its corner.
  const from = await handle.boundingBox();
  const onto = await tiles.nth(2).boundingBox();
  if (!from || !onto) throw new Error("the tiles have no place");
  await page.mouse.move(from.x + 5, from.y + 5);
  await page.mouse.down();
  await page.mouse.move(onto.x + onto.width - 10, onto.y + onto.height / 2, { steps: 8 });
  await page.mouse.up();
  expect(await title(2)).toBe(first);
  const corner = await tiles.nth(3).locator(".layout-corner").boundingBox();
  if (!corner) throw new Error("the tile has no corner");
  const before = await tiles.nth(3).locator(".layout-size").innerText();
  await page.mouse.move(corner.x + 8, corner.y + 8);
  await page.mouse.down();
  await page.mouse.move(corner.x + 8, corner.y + 130, { steps: 5 });
  await page.mouse.up();
  await expect(tiles.nth(3).locator(".layout-size")).not.toHaveText(before);
  await page.screenshot({ path: `${SCREENSHOTS}/layout-1440-light.png`, fullPage: true });

  await page.getByLabel("Gauge to add").selectOption({ index: 1 });
  await page.getByRole("button", { name: "Add tile" }).click();
  await expect(tiles).toHaveCount(count + 1);
  await page.getByRole("button", { name: "Save dashboard" }).click();
  await expect(page).toHaveURL(/service-ticket-kpis-2$/);
  await expect(page.locator("section.tile")).toHaveCount(count + 1);
  await expect(page.locator("section.tile").nth(2)).toContainText(first ?? "");
});

for (const [screen, size, copied] of [
  ["a desk", { width: 1440, height: 900 }, "Sales"],
  ["a tablet", { width: 1024, height: 768 }, "Tech Dashboard"],
  ["a phone", { width: 390, height: 844 }, "Service Desk Leaderboard"],
] as const) {
  test.describe(`by touch on ${screen}`, () => {
    test.use({ hasTouch: true, viewport: size });

    test("tiles are moved and resized, and stay so", async ({ page, context }) => {
      await page.goto("/dashboards");
      const card = page.getByRole("listitem").filter({ has: page.getByRole("link", { name: copied, exact: true }) });
      await card.getByRole("button", { name: "Duplicate" }).tap();
      await expect(page).toHaveURL(/-2\/edit/);
      const tiles = page.locator(".layout-tile");
      const titles = () => tiles.evaluateAll((all) => all.map((tile) => (tile as HTMLElement).dataset.title));
      const devtools = await context.newCDPSession(page);
      /** Draws a finger from one point to another, where it rests before it lifts: a flick would swallow the next tap. */
      const draw = async (from: { x: number; y: number }, to: { x: number; y: number }) => {
        const steps = 10;
        const began = Date.now() / 1_000;
        const touch = (type: "touchStart" | "touchMove" | "touchEnd", after: number, ...touchPoints: { x: number; y: number }[]) =>
          devtools.send("Input.dispatchTouchEvent", { type, touchPoints, timestamp: began + after });
        await touch("touchStart", 0, from);
        for (let step = 1; step <= steps; step++) {
          const at = { x: from.x + ((to.x - from.x) * step) / steps, y: from.y + ((to.y - from.y) * step) / steps };
          await touch("touchMove", step * 0.03, at);
        }
        await touch("touchMove", 0.8, { x: to.x + 1, y: to.y });
        await touch("touchMove", 1.2, to);
        await touch("touchEnd", 1.6);
      };
      const middle = async (locator: Locator) => {
        const box = await locator.boundingBox();
        if (!box) throw new Error("there is nothing to touch");
        return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      };

      // The first tile onto the last part of the second one.
      const before = await titles();
      await tiles.nth(0).evaluate((tile) => scrollBy(0, tile.getBoundingClientRect().top - 100));
      const scrolled = await page.evaluate(() => scrollY);
      const onto = await tiles.nth(1).boundingBox();
      if (!onto) throw new Error("the tile has no place");
      const end = { x: onto.x + onto.width - 12, y: onto.y + onto.height - 12 };
      await draw(await middle(tiles.nth(0).locator(".layout-handle")), end);
      const moved = [before[1], before[0], ...before.slice(2)];
      expect(await titles()).toEqual(moved);
      expect(await page.evaluate(() => scrollY), "the page stays where it is").toBe(scrolled);

      // The corner of the first tile goes down by more than a row.
      const size = tiles.nth(0).locator(".layout-size");
      const [width, height] = (await size.innerText()).split(" × ").map(Number);
      const corner = await middle(tiles.nth(0).locator(".layout-corner"));
      await draw(corner, { x: corner.x, y: corner.y + 130 });
      await expect(size).toHaveText(new RegExp(`^${width} × (${height + 1}|${height + 2})$`));
      const resized = await size.innerText();
      await page.screenshot({ path: `${SCREENSHOTS}/layout-touch-${page.viewportSize()?.width}-light.png` });

      // What was removed by a slip of the finger is brought back by one.
      await tiles.nth(0).getByRole("button", { name: "Remove" }).tap();
      await expect(tiles).toHaveCount(moved.length - 1);
      await page.getByRole("button", { name: "Take back" }).tap();
      expect(await titles()).toEqual(moved);
      await expect(page.getByRole("button", { name: "Take back" })).toBeHidden();

      await page.getByRole("button", { name: "Save dashboard" }).tap();
      await expect(page).toHaveURL(/-2$/);
      await page.goto(`${page.url()}/edit`);
      expect(await titles()).toEqual(moved);
      await expect(size).toHaveText(resized);
    });
  });
}

test("a board goes through a file and comes back the same", async ({ page }) => {
  await page.goto("/dashboards");
  const card = page.getByRole("listitem").filter({ has: page.getByRole("link", { name: "Sales", exact: true }) });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    card.getByRole("link", { name: "Export Sales" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("sales.toml");
  await page.goto("/content/import");
  await page.getByLabel("File", { exact: true }).setInputFiles(await download.path());
  await expect(page.getByLabel("Text", { exact: true })).toHaveValue(/\[\[dashboard\]\]/);
  await page.getByRole("button", { name: "See what it does" }).click();
  await expect(page.getByRole("row").filter({ hasText: "Sales" })).toContainText("Same");
});

test("settings change what counts, and say what their words mean here", async ({ page, tenant, axe }) => {
  await open(page, `/data/datasources/${tenant.id}`);
  await page.getByRole("link", { name: "How numbers are reckoned" }).click();
  await expect(page.getByText("Counts now").first()).toBeVisible();
  await page.getByLabel("Goal for service levels, in percent").fill("97");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Every number follows at once")).toBeVisible();
  await axe();
  await page.goto("/gauges/sla_overall_met");
  await expect(page.getByText("goal 97 %").first()).toBeVisible();
  await page.goto(`/data/datasources/${tenant.id}/settings`);
  await page.getByRole("button", { name: "Back to the defaults" }).click();
  await expect(page.getByLabel("Goal for service levels, in percent")).toHaveValue("90");
});
