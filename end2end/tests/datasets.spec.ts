import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { expect, signedIn as test } from "./fixtures.ts";

const TICKETS = "/data/datasets/tickets_14d";

test.beforeEach(({ tenant: _ }) => {});

const rows = (page: Page) => page.getByRole("region", { name: "Rows" }).locator("tbody").getByRole("row");

/** The texts of a column, by its heading. */
async function column(page: Page, label: string): Promise<string[]> {
  const heads = await page.getByRole("region", { name: "Rows" }).getByRole("columnheader").allInnerTexts();
  const at = heads.findIndex((head) => head.startsWith(label));
  expect(at, `${label} among ${heads}`).toBeGreaterThanOrEqual(0);
  return rows(page).evaluateAll((all, at) => all.map((row) => row.children[at].textContent ?? ""), at);
}

/** How many rows the pager counts. */
async function total(page: Page): Promise<number> {
  const words = await page.getByRole("navigation", { name: "Pages" }).innerText();
  return Number(/of ([\d,]+)/.exec(words)?.[1].replaceAll(",", ""));
}

test("the 21 datasets are listed with window, rows, age and columns", async ({ page }) => {
  await page.goto("/data/datasets");
  const known = page.getByRole("region", { name: "The 21 datasets of Autotask" }).locator("tbody").getByRole("row");
  await expect(known).toHaveCount(21);
  for (const row of await known.all()) {
    const cells = await row.getByRole("cell").allInnerTexts();
    const title = await row.getByRole("link").innerText();
    expect(cells[1], `window of ${title}`).toMatch(/\w/);
    expect(cells[2], `rows of ${title}`).toMatch(/^[1-9][\d,]*$/);
    expect(cells[3], `columns of ${title}`).toMatch(/^[1-9]\d*$/);
    expect(cells[4], `age of ${title}`).toMatch(/ago|now/);
  }
  const extras = page.getByRole("region", { name: "Extras" }).locator("tbody").getByRole("row");
  expect(await extras.count()).toBeGreaterThanOrEqual(4);
  await known.getByRole("link", { name: "Ticket Statistics Last 14 Days" }).click();
  await expect(page).toHaveURL(new RegExp(`${TICKETS}$`));
  await expect(rows(page).first()).toBeVisible();
});

test("rows are sorted by the server", async ({ page }) => {
  await page.goto(TICKETS);
  const head = page.getByRole("columnheader", { name: /^Number/ });
  await head.getByRole("link").click();
  await expect(head).toHaveAttribute("aria-sort", "ascending");
  const rising = await column(page, "Number");
  expect(rising).toEqual([...rising].sort());
  await head.getByRole("link").click();
  await expect(head).toHaveAttribute("aria-sort", "descending");
  const falling = await column(page, "Number");
  expect(falling).toEqual([...falling].sort().reverse());
  expect(falling[0] > rising[0]).toBe(true);
  await expect(page).toHaveURL(/sort=-ticket_number/);
});

test("rows are searched and filtered by the server", async ({ page }) => {
  await page.goto(TICKETS);
  const all = await total(page);
  const [number] = await column(page, "Number");
  await page.getByLabel("Search").fill(number);
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/q=/);
  await expect(rows(page)).toHaveCount(1);
  expect(await column(page, "Number")).toEqual([number]);

  await page.getByRole("link", { name: "Reset" }).click();
  await expect.poll(() => total(page)).toBe(all);
  const [status] = await column(page, "Status");
  await page.getByLabel("Filter", { exact: true }).selectOption({ label: "Status" });
  await page.getByLabel("Value", { exact: true }).fill(status);
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/column=status/);
  await expect.poll(() => total(page)).toBeLessThan(all);
  expect(new Set(await column(page, "Status"))).toEqual(new Set([status]));
});

test("rows meet every condition", async ({ page }) => {
  await page.goto(TICKETS);
  const all = await total(page);
  const condition = async (number: string, column: string, comparison: string, value: string) => {
    await page.getByLabel(`Filter${number}`, { exact: true }).selectOption({ label: column });
    await page.getByLabel(`Comparison${number}`, { exact: true }).selectOption({ label: comparison });
    await page.getByLabel(`Value${number}`, { exact: true }).fill(value);
    await page.getByRole("button", { name: "Show" }).click();
    await expect(page).toHaveURL(new RegExp(`text=${value}(&|$)`));
  };
  await condition("", "Status", "is not", "Complete");
  const open = await total(page);
  expect(open).toBeLessThan(all);
  await condition(" 2", "Age in days", "is over", "2");
  await expect(page.getByLabel("Filter 3", { exact: true })).toBeVisible();
  expect(await total(page)).toBeLessThan(open);
  expect(await column(page, "Status")).not.toContain("Complete");
});

test("nothing found says so and leads back", async ({ page }) => {
  await page.goto(`${TICKETS}?q=no-ticket-has-this-in-it`);
  await expect(page.getByText("No rows")).toBeVisible();
  await page.getByRole("link", { name: "Show all" }).click();
  await expect(rows(page).first()).toBeVisible();
});

test("pages follow one another without gap or repetition", async ({ page }) => {
  await page.goto(`${TICKETS}?sort=id&columns=id,ticket_number`);
  const all = await total(page);
  expect(all).toBeGreaterThan(50);
  const first = await column(page, "Number");
  expect(first).toHaveLength(50);
  await page.getByRole("link", { name: "Next" }).click();
  await expect(page.getByRole("navigation", { name: "Pages" })).toContainText("51 to");
  const second = await column(page, "Number");
  expect(first.filter((number) => second.includes(number))).toEqual([]);
  await page.getByRole("link", { name: "Previous" }).click();
  await expect(page.getByRole("navigation", { name: "Pages" })).toContainText("1 to 50");
  expect(await column(page, "Number")).toEqual(first);
});

test("columns are chosen, and explained", async ({ page }) => {
  await page.goto(TICKETS);
  await page.locator("summary").filter({ hasText: /^Columns$/ }).click();
  await page.getByRole("checkbox", { name: "Contract", exact: true }).check();
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page.getByRole("region", { name: "Rows" }).getByRole("columnheader", { name: "Contract", exact: true })).toBeVisible();
});

test("a row leads to its record in Autotask", async ({ page, server }) => {
  await page.goto(TICKETS);
  const link = rows(page).first().getByRole("link", { name: "Open in Autotask" });
  await expect(link).toHaveAttribute("target", "_blank");
  await expect(link).toHaveAttribute("rel", /noopener/);
  const href = await link.getAttribute("href");
  expect(href).toMatch(/TicketDetail\.mvc\?.*ticketId=\d+|OpenTicketDetail.*\d+/i);
  expect(new URL(href ?? "").origin).toBe(server.simulator.url);
});

test("what is chosen can be downloaded", async ({ page }) => {
  await page.goto(`${TICKETS}?sort=id&columns=id,ticket_number,title`);
  const all = await total(page);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
  expect(download.suggestedFilename()).toBe("tickets_14d.csv");
  const records = parse(await readFile(await download.path(), "utf8"));
  expect(records[0]).toEqual(["id", "ticket_number", "title"]);
  expect(records).toHaveLength(all + 1);
  expect(records.every((record) => record.length === 3)).toBe(true);
});

test("what is chosen can be had as a workbook", async ({ page }) => {
  await page.goto(`${TICKETS}?sort=id&columns=id,title`);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Excel" }).click()]);
  expect(download.suggestedFilename()).toBe("tickets_14d.xlsx");
  expect((await readFile(await download.path())).subarray(0, 2).toString()).toBe("PK");
});

/** CSV as RFC 4180 has it. */
function parse(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    if (end === "" && quoted === undefined && plain === "" && record.length === 0) break;
    record.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ",") continue;
    records.push(record);
    record = [];
    if (end === "") break;
  }
  return records;
}
