// A board that is open follows the data: in place, without loading anew, through a lost connection.

import type { Locator, Page } from "@playwright/test";

import { expect, type Server, signedIn as test } from "./fixtures.ts";
import { open } from "./form.ts";
import { Relay } from "./relay.ts";

test.use({ purpose: "live" });

const tile = (page: Page, title: string): Locator =>
  page.locator("section").filter({ has: page.getByRole("heading", { name: title, exact: true }) });

/** Completes an open ticket in Autotask and syncs. */
async function complete(server: Server, datasource: string): Promise<void> {
  const ticket = (await server.simulator.rows("Tickets")).find((row) => row.status !== 5);
  if (!ticket) throw new Error("no ticket is open");
  const now = new Date().toISOString();
  await server.simulator.edit({ entity: "Tickets", row: { id: ticket.id, status: 5, completedDate: now } });
  expect((await server.cli(["sync", "--datasource", datasource])).code).toBe(0);
}

const number = async (page: Page, title: string) =>
  Number((await tile(page, title).locator(".value").innerText()).replace(/\D/g, ""));

test("tiles change in their place when the data does, and only those", async ({ page, server, tenant }) => {
  await open(page, "/dashboards/service-ticket-kpis");
  const before = await number(page, "Open tickets");
  const closed = await number(page, "Closed today");
  // A mark on what must not be drawn anew, and one on the page itself.
  await tile(page, "Tickets by day").or(tile(page, "Breaches by queue × priority")).first().evaluate((node) => node.setAttribute("data-mark", "kept"));
  await page.evaluate(() => document.body.setAttribute("data-mark", "kept"));
  await complete(server, tenant.name);
  await expect(tile(page, "Open tickets").locator(".value")).toHaveText(String(before - 1));
  await expect(tile(page, "Closed today").locator(".value")).toHaveText(String(closed + 1));
  expect(await page.locator("body").getAttribute("data-mark")).toBe("kept");
  await expect(page.locator("section[data-mark=kept]")).toHaveCount(1);
  await expect(tile(page, "Open by status").locator(".chart-live svg")).toBeVisible();
});

test.describe("a connection that is lost", () => {
  test.use({ allowedErrors: /net::ERR_|Failed to fetch/ });

  /** What a board says while it has no connection. */
  const lost = (page: Page): Locator => page.getByText("not connected; trying again");

  test("is told, keeps what is shown, and comes back by itself", async ({ page, server, tenant }) => {
    const relay = await Relay.to(server.url);
    await open(page, `${relay.url}/dashboards/service-ticket-kpis`);
    const before = await number(page, "Open tickets");
    const tiles = await page.locator(".tile").count();
    await page.evaluate(() => document.body.setAttribute("data-mark", "kept"));
    await expect(lost(page)).toHaveCount(0);

    await relay.cut();
    await expect(lost(page)).toBeVisible();
    await complete(server, tenant.name);
    expect(await number(page, "Open tickets")).toBe(before);
    await expect(page.locator(".tile")).toHaveCount(tiles);

    await relay.mend();
    await expect(tile(page, "Open tickets").locator(".value")).toHaveText(String(before - 1), { timeout: 20_000 });
    await expect(lost(page)).toHaveCount(0);
    expect(await page.locator("body").getAttribute("data-mark")).toBe("kept");
    await page.goto("about:blank");
    await relay.cut();
  });

  test("comes back when the server was started anew", async ({ page, server, tenant }) => {
    test.setTimeout(90_000);
    await open(page, "/dashboards/service-ticket-kpis");
    const before = await number(page, "Open tickets");
    await page.evaluate(() => document.body.setAttribute("data-mark", "kept"));
    await server.restart();
    await complete(server, tenant.name);
    await expect(tile(page, "Open tickets").locator(".value")).toHaveText(String(before - 1), { timeout: 30_000 });
    await expect(lost(page)).toHaveCount(0);
    expect(await page.locator("body").getAttribute("data-mark")).toBe("kept");
  });
});
