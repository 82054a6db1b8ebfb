// The first minutes with Taskgauge: an empty account, and boards that fill while the first sync is under way.

import type { Locator, Page } from "@playwright/test";

import { addDatasource, expect, removeDatasources, type Server, signedIn as test } from "./fixtures.ts";
import { open } from "./form.ts";
import type { Front } from "./simulator.ts";

test.use({ front: true, purpose: "first" });

test.beforeEach(async ({ server }) => {
  front(server).dam.open();
  await server.simulator.reset();
  await removeDatasources(server);
});

const SCREENSHOTS = "screenshots";
const BOARD = "/dashboards/service-ticket-kpis";

function front(server: Server): Front {
  if (!server.front) throw new Error("nothing stands before the simulated Autotask");
  return server.front;
}

const tile = (page: Page, title: string): Locator =>
  page.locator("section.tile").filter({ has: page.getByRole("heading", { name: title, exact: true }) });
const value = (page: Page, title: string): Locator => tile(page, title).locator(".value");
const loading = (page: Page): Locator => page.getByText("Still loading", { exact: true });
const banner = (page: Page, title: string): Locator => page.getByRole("main").getByText(title, { exact: true });

/** Pages that a newcomer may come to first, and whether a script makes them alive. */
const ENTRANCES: [string, boolean][] = [
  ["/", true],
  [BOARD, true],
  ["/dashboards/sales", true],
  ["/data/datasources", true],
  ["/data/datasets", false],
  ["/data/datasets/tickets_14d", false],
  ["/gauges/open_tickets", false],
  ["/gauges/new", false],
];

test("an empty account leads to Add a datasource from wherever somebody begins", async ({ page, axe }) => {
  for (const [path, isAlive] of ENTRANCES) {
    if (isAlive) await open(page, path);
    else await page.goto(path);
    const next = page.getByRole("main").getByRole("link", { name: "Add a datasource" }).first();
    await expect(next, path).toBeVisible();
    await expect(next, path).toHaveAttribute("href", "/data/datasources/new");
    await axe();
  }
});

test("while the first sync runs a board fills tile by tile, in its place", async ({ page, server, axe }) => {
  test.setTimeout(60_000);
  const { dam } = front(server);
  dam.close();
  const { id } = await addDatasource(server, "Filling");
  await open(page, BOARD);
  await page.evaluate(() => document.body.setAttribute("data-mark", "kept"));

  // Nothing is there yet: no tile has a number, and none says zero.
  await expect(banner(page, "The first sync is under way")).toBeVisible();
  await expect(page.getByText("Tiles fill as records arrive.")).toBeVisible();
  await expect(page.getByRole("link", { name: "Watch the progress" })).toHaveAttribute("href", `/data/datasources/${id}`);
  await expect(tile(page, "Open tickets")).toContainText("Still to come from Autotask: Tickets.");
  await expect(page.locator("section.tile .value, section.tile .tile-chart")).toHaveCount(0);
  const empty = await loading(page).count();
  expect(empty).toBeGreaterThanOrEqual(await page.locator("section.tile").count());
  await axe();
  await page.screenshot({ path: `${SCREENSHOTS}/first-sync-empty-1440-light.png`, fullPage: true });

  // Tickets arrive: their tiles have numbers, others go on waiting for what they need besides.
  dam.open("Tickets");
  await expect(value(page, "Open tickets")).toHaveText(/^[1-9]/);
  await expect(tile(page, "Open by queue").locator(".chart-live svg")).toBeVisible();
  await expect(tile(page, "Oldest open tickets")).toContainText(/Still to come from Autotask: .*Companies/);
  expect(await loading(page).count()).toBeLessThan(empty);
  await axe();
  await page.screenshot({ path: `${SCREENSHOTS}/first-sync-filling-1440-light.png`, fullPage: true });

  // All of it: nothing waits, and the board says how old its data is.
  dam.open();
  await expect(banner(page, "The first sync is under way")).toHaveCount(0, { timeout: 40_000 });
  await expect(loading(page)).toHaveCount(0);
  await expect(tile(page, "Oldest open tickets").getByRole("row")).toHaveCount(11);
  await expect(page.locator(".page-sub")).toContainText(/synced (just now|.* ago)/);
  expect(await page.locator("body").getAttribute("data-mark"), "the page was not loaded anew").toBe("kept");
});

test("a first sync that stopped says why on the board, and the way on is one link", async ({ page, server, axe }) => {
  test.setTimeout(60_000);
  const { dam } = front(server);
  dam.close();
  await addDatasource(server, "Stopped");
  await open(page, BOARD);
  await expect(banner(page, "The first sync is under way")).toBeVisible();
  await server.simulator.set({ credentials_revoked: true });
  dam.open();
  await expect(banner(page, "The first sync stopped early")).toBeVisible();
  await expect(page.getByText(/refuses these credentials|credentials/).first()).toBeVisible();
  await expect(loading(page).first()).toBeVisible();
  await axe();
  await page.screenshot({ path: `${SCREENSHOTS}/first-sync-stopped-1440-light.png`, fullPage: true });

  await server.simulator.reset();
  await page.getByRole("link", { name: "See where it stopped, and sync again" }).click();
  await page.getByRole("button", { name: "Sync now" }).click();
  await page.getByRole("link", { name: "Open the Service Ticket KPIs" }).click();
  await expect(value(page, "Open tickets")).toHaveText(/^[1-9]/, { timeout: 20_000 });
  await expect(banner(page, "The first sync stopped early")).toHaveCount(0);
});
