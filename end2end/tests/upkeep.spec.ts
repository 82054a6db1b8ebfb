// Webhooks and completeness, as an admin uses them; both pages work without scripts.

import { expect, signedIn as test } from "./fixtures.ts";
import { open } from "./form.ts";

test.use({ purpose: "upkeep" });

const SCREENSHOTS = "screenshots";

async function picture(page: import("@playwright/test").Page, name: string) {
  for (const [width, scheme] of [[390, "light"], [1440, "light"], [1440, "dark"]] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: `${SCREENSHOTS}/${name}-${width}-${scheme}.png`, fullPage: true });
  }
}

test.describe("an address that Autotask cannot call", () => {
  test.use({ allowedErrors: /422/ });

  test("is refused beside its field, and what was typed stays", async ({ page, tenant, axe }) => {
    await page.goto(`/data/datasources/${tenant.id}/webhooks`);
    await page.getByLabel("Public address of this Taskgauge").fill("https://taskgauge.example.com:8443");
    await page.getByRole("button", { name: "Turn webhooks on" }).click();
    await expect(page.getByRole("alert")).toContainText("port 443");
    await expect(page.getByLabel("Public address of this Taskgauge")).toHaveValue("https://taskgauge.example.com:8443");
    await axe();
    await picture(page, "webhooks-refused");
  });
});

test("webhooks are turned on, a change arrives, and they are turned off", async ({ page, server, tenant, axe }) => {
  const here = `/data/datasources/${tenant.id}/webhooks`;
  await page.goto(here);
  await expect(page.getByText("Webhooks are off")).toBeVisible();
  await page.getByLabel("Public address of this Taskgauge").fill(server.url);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`${here}$`));
  expect((await server.cli(["sync", "--datasource", tenant.name])).code).toBe(0);
  await page.reload();
  await expect(page.getByRole("row").filter({ hasText: "Active" })).toHaveCount(5);

  const ticket = (await server.simulator.rows("Tickets"))[40];
  await server.simulator.edit({ entity: "Tickets", row: { id: ticket.id, title: "A change that is called out" } });
  await expect(async () => {
    await page.goto(here);
    const tickets = page.getByRole("row", { name: /^Tickets/ });
    await expect(tickets).not.toContainText("none yet", { timeout: 200 });
  }).toPass({ timeout: 10_000 });
  await page.goto(`/data/datasets/tickets_all?q=${encodeURIComponent("called out")}`);
  await expect(page.getByText("A change that is called out").first()).toBeVisible();
  await page.goto(here);
  await axe();
  await picture(page, "webhooks-on");

  await page.getByRole("button", { name: "Turn webhooks off" }).click();
  expect((await server.cli(["sync", "--datasource", tenant.name])).code).toBe(0);
  await page.goto(here);
  await expect(page.getByText("Webhooks are off")).toBeVisible();
});

test("counts are compared when asked, and what the API user cannot see is marked", async ({ page, server, tenant, axe }) => {
  const here = `/data/datasources/${tenant.id}/completeness`;
  await page.goto(here);
  await expect(page.getByText("Every row that came could be read.")).toBeVisible();
  // A row with a list where a text belongs.
  const { id } = (await server.simulator.rows("Contacts"))[3];
  await server.simulator.set({ rewrites: [{ entity: "Contacts", id, set: { lastName: ["not", "a", "name"] } }] });
  await server.simulator.edit({ entity: "Contacts", row: { id, title: "Changed" } });
  await page.getByRole("button", { name: "Compare now" }).click();
  await expect(page).toHaveURL(new RegExp(`/data/datasources/${tenant.id}$`));
  expect((await server.cli(["sync", "--datasource", tenant.name])).code).toBe(0);
  await page.goto(here);
  await expect(page.getByText("counts compared.")).toBeVisible();
  await expect(page.getByText("lastName is")).toBeVisible();
  await axe();
  await picture(page, "completeness-full");

  await server.simulator.set({ hide_non_billable_time: true });
  await open(page, `/data/datasources/${tenant.id}`);
  await page.getByRole("button", { name: "Check again" }).click();
  await expect(page.getByRole("row", { name: /non-billable/i }).first()).toBeVisible({ timeout: 15_000 });
  await axe();
  await picture(page, "doctor-gap");
  await page.goto("/data/datasets");
  await axe();
  await picture(page, "datasets-gap");
  await page.goto("/dashboards/service-ticket-kpis");
  await picture(page, "board-gap");
  await server.simulator.reset();
});
