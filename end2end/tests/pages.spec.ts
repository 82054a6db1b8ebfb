// Every page in light and dark: accessible, complete at four widths, and pictured for people to look at.

import { BOARDS } from "./boards.ts";
import { expect, signedIn as test } from "./fixtures.ts";
import { open } from "./form.ts";
import { cut } from "./reflow.ts";

/** A screen of 1280 CSS pixels at a zoom of 400 %. It is about room alone, which is the same in both schemes. */
const NARROWEST = 320;
const PHONE = 390;
const DESK = 1440;
const WALL = 2560;
const SCREENSHOTS = "screenshots";
/** Pages that the server renders whole: no wasm is loaded for them. */
const PLAIN =
  /^\/(sign-in|welcome|gauges|content|walls|data\/datasets)|^\/dashboards($|\/new|.*\/edit$)|\/(webhooks|completeness|settings)$/;

const PAGES: Record<string, string> = {
  dashboards: "/dashboards",
  ...Object.fromEntries(BOARDS.map((board) => [board, `/dashboards/${board}`])),
  "board-new": "/dashboards/new",
  "board-edit": "/dashboards/service-ticket-kpis/edit",
  gauges: "/gauges",
  gauge: "/gauges/open_tickets",
  "gauge-chart": "/gauges/open_by_queue",
  "gauge-new": "/gauges/new",
  "gauge-edit": "/gauges/sla_overall_met/edit",
  rows: "/gauges/open_by_status/rows?k=1",
  "rows-of-parts": "/gauges/kill_rate_mtd/rows",
  "rows-none": "/gauges/open_tickets/rows?q=no-ticket-has-this-in-it",
  import: "/content/import",
  datasources: "/data/datasources",
  connectors: "/data/datasources/new",
  connect: "/data/datasources/new?connector=autotask",
  datasource: "/data/datasources/{id}",
  credentials: "/data/datasources/{id}/credentials",
  webhooks: "/data/datasources/{id}/webhooks",
  completeness: "/data/datasources/{id}/completeness",
  settings: "/data/datasources/{id}/settings",
  datasets: "/data/datasets",
  dataset: "/data/datasets/tickets_14d",
  "dataset-empty": "/data/datasets/tickets_14d?q=no-ticket-has-this-in-it",
  "sign-in": "/sign-in?problem=wrong",
  welcome: "/welcome?token=made-up",
};

for (const [name, path] of Object.entries(PAGES)) {
  test(name, async ({ page, tenant, axe }) => {
    // Many pictures of whole pages, some of them very long.
    test.setTimeout(120_000);
    // Boards hang on walls; other pages are looked at in all sizes and in both schemes, and not in each of each.
    const isBoard = BOARDS.includes(name);
    const sizes = { light: [NARROWEST, PHONE, DESK, WALL], dark: isBoard ? [PHONE, DESK, WALL] : [DESK] };
    const pictured = isBoard ? [PHONE, DESK, WALL] : [PHONE, DESK];
    if (PLAIN.test(path)) await page.goto(path.replace("{id}", String(tenant.id)));
    else await open(page, path.replace("{id}", String(tenant.id)));
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page).toHaveTitle(/Taskgauge/);
    // Every chart is drawn before it is looked at.
    if (!PLAIN.test(path)) for (const chart of await page.locator(".tile-chart:visible").all()) await expect(chart.locator(".chart-live svg")).toBeVisible();
    for (const scheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const width of sizes[scheme]) {
        await page.setViewportSize({ width, height: width < 400 ? 844 : 900 });
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(beyond, `pixels beyond the right edge at ${width}`).toBeLessThanOrEqual(0);
        // Charts are drawn anew for a new width.
        if (width === NARROWEST) await expect.poll(() => cut(page), { message: "what is cut or out of reach" }).toEqual([]);
        if (pictured.includes(width)) await page.screenshot({ path: `${SCREENSHOTS}/${name}-${width}-${scheme}.png`, fullPage: true });
        if (width === DESK) await axe();
      }
    }
  });
}

test.describe("an address that shows nothing", () => {
  test.use({ allowedErrors: /404/ });

  test("not-found", async ({ page, axe }) => {
    const answer = await page.goto("/nothing-here");
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is nothing at this address");
    await axe();
    await page.screenshot({ path: `${SCREENSHOTS}/not-found-1440-light.png` });
  });
});
