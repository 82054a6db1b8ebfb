// Boards on paper: light, whole, without what only a screen can do.

import type { Page } from "@playwright/test";

import { expect, signedIn as test } from "./fixtures.ts";
import { open } from "./form.ts";
import { cut as cutOff } from "./reflow.ts";

const SCREENSHOTS = "screenshots";
/** What margins leave of A4, in CSS pixels. */
const UPRIGHT = { width: 703, height: 1031 };
const ACROSS = { width: 1031, height: 703 };

test.beforeEach(({ tenant: _ }) => {});

/** Opens a board as at a desk in the dark, with all its charts alive. */
async function openDark(page: Page, board: string): Promise<void> {
  await page.emulateMedia({ colorScheme: "dark" });
  await open(page, `/dashboards/${board}`);
  for (const chart of await page.locator(".tile-chart:visible").all()) await expect(chart.locator(".chart-live svg")).toBeVisible();
}

/** Tiles that lie on more than one page although one would hold them. Columns as high as a page break as pages do. */
const broken = (page: Page, { width, height }: { width: number; height: number }) =>
  page.evaluate(
    ({ width, height }) => {
      const sheet = document.querySelector<HTMLElement>(".page");
      if (!sheet) throw new Error("there is no page");
      const tiles = [...document.querySelectorAll(".tile")];
      const fits = tiles.map((tile) => tile.getBoundingClientRect().height <= height);
      Object.assign(sheet.style, { columnWidth: `${width}px`, columnGap: "0", columnFill: "auto", blockSize: `${height}px` });
      const found = tiles.filter((tile, place) => fits[place] && tile.getClientRects().length !== 1);
      const pages = new Set(tiles.map((tile) => Math.floor(tile.getBoundingClientRect().left / width)));
      sheet.removeAttribute("style");
      return { pages: pages.size, whole: fits.filter(Boolean).length, broken: found.map((tile) => tile.querySelector("h2")?.textContent) };
    },
    { width, height },
  );

/** How many pages a document has. */
const pagesOf = (pdf: Buffer) => pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g)?.length ?? 0;

for (const board of ["service-ticket-kpis", "sales", "contracts-finance"]) {
  test(`${board} can be printed`, async ({ page }) => {
    await openDark(page, board);
    const tiles = await page.locator(".tile").count();
    const charts = await page.locator(".tile-chart:visible").count();
    // The window keeps its size, so that charts are those of the screen, as when somebody prints.
    for (const landscape of [false, true]) {
      const pages = pagesOf(await page.pdf({ format: "A4", landscape }));
      expect(pages, landscape ? "across" : "upright").toBeGreaterThan(1);
      expect(pages, landscape ? "across" : "upright").toBeLessThan(tiles);
    }
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    // On the board and nowhere else: no bars, buttons, menus or filters.
    await expect(page.locator("button:visible, summary:visible, select:visible, input:visible, nav:visible, .side:visible, .topbar:visible, .skip-link:visible, .tile-foot a:visible")).toHaveCount(0);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.locator(".page-sub")).toContainText("synced");
    // Light, whatever the screen is.
    await expect(page.locator("body")).toHaveCSS("background-color", "rgba(0, 0, 0, 0)");
    const ink = (selector: string, property: string) =>
      page.locator(selector).first().evaluate((element, property) => {
        const [red, green, blue] = getComputedStyle(element).getPropertyValue(property).match(/\d+/g)?.map(Number) ?? [];
        return (red + green + blue) / 3;
      }, property);
    expect(await ink("h1", "color"), "dark ink").toBeLessThan(80);
    expect(await ink(".tile", "background-color"), "a light ground").toBeGreaterThan(240);
    expect(await ink(".tile-chart text", "fill"), "dark ink in charts").toBeLessThan(140);

    // In one go, as no script draws anew between a screen and its print: charts are scaled to the paper.
    const cut = await page.locator(".page").evaluate((sheet: HTMLElement, width) => {
      sheet.style.inlineSize = `${width}px`;
      const charts = [...document.querySelectorAll(".tile-chart")].filter((chart) => chart.checkVisibility());
      const found = charts.flatMap((chart) => {
        const frame = chart.getBoundingClientRect();
        const words = [...chart.querySelectorAll(".chart-live text")].filter((text) => text.textContent?.trim());
        const outside = words.filter((text) => {
          const box = text.getBoundingClientRect();
          return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
        });
        return words.length > 0 && frame.height > 40 ? outside.map((text) => text.textContent) : [chart.getAttribute("aria-label")];
      });
      sheet.removeAttribute("style");
      return found;
    }, ACROSS.width);
    expect(cut, "charts that are cut or unseen").toEqual([]);

    for (const paper of [UPRIGHT, ACROSS]) {
      await page.setViewportSize(paper);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), "what is beyond the edge").toBeLessThanOrEqual(0);
      const beyond = await page.locator(".tile").evaluateAll((all) =>
        all.flatMap((tile) => {
          const frame = tile.getBoundingClientRect();
          const wide = [...tile.querySelectorAll("td, th, .value, .tile-foot > span")].filter((cell) => {
            const box = cell.getBoundingClientRect();
            return box.width > 0 && !cell.closest(".tile-data") && (box.right > frame.right + 1 || box.bottom > frame.bottom + 1);
          });
          return wide.map((cell) => `${tile.querySelector("h2")?.textContent}: ${cell.textContent}`);
        }),
      );
      expect(beyond, "words that stick out of their tile").toEqual([]);
      // Charts are drawn anew for a new width.
      await expect.poll(() => cutOff(page), { message: "what is cut off" }).toEqual([]);
      const parts = await broken(page, paper);
      expect(parts.broken, "tiles on two pages").toEqual([]);
      expect(parts.pages).toBeGreaterThan(1);
      expect(parts.whole, "only long tables need more than a page").toBeGreaterThan(tiles - 4);
    }
    expect(charts).toBeGreaterThan(0);
    await page.setViewportSize(UPRIGHT);
    await page.screenshot({ path: `${SCREENSHOTS}/print-${board}.png`, fullPage: true });
  });
}
