// The whole job with JavaScript switched off.

import { ADMIN, CREDENTIALS, expect, removeDatasources, signedIn, test } from "./fixtures.ts";
import { ConnectForm, NEW_FORM } from "./form.ts";

test("signing in is a plain form", async ({ page, admin: _ }) => {
  await page.goto("/data/datasets");
  await page.getByLabel("E-mail address").fill(ADMIN.email);
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/data\/datasets$/);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("status")).toContainText("You are signed out");
});

signedIn("the form tests and saves by plain posts", async ({ page, server }) => {
  await removeDatasources(server);
  await server.simulator.reset();
  await page.goto("/");
  await page.getByRole("link", { name: "Add a datasource" }).click();
  await page.getByRole("link", { name: /Autotask PSA/ }).click();
  const form = new ConnectForm(page);
  await form.fill("Plain", { ...CREDENTIALS, secret: "" });
  await form.timeZone.selectOption("Europe/Berlin");
  await form.test.click();
  await expect(form.alert).toContainText("Enter the API user's secret.");
  await form.expectProblem(form.secret, "Enter the API user's secret.");
  // All but the secrets comes back.
  await expect(form.name).toHaveValue("Plain");
  await expect(form.userName).toHaveValue(CREDENTIALS.userName);
  await expect(form.timeZone).toHaveValue("Europe/Berlin");
  expect(await page.content()).not.toContain(CREDENTIALS.integrationCode);

  await form.fillCredentials({ ...CREDENTIALS, secret: "wrong" });
  await form.test.click();
  await expect(form.alert).toContainText("refuses these credentials");

  await form.fillCredentials();
  await form.test.click();
  await expect(form.connected).toBeVisible();
  await expect(page.locator("input[type=password]")).toHaveCount(0);
  expect(await page.content()).not.toContain(CREDENTIALS.secret);
  await form.save.click();
  await expect(page).toHaveURL(/\/data\/datasources\/\d+$/);
  await expect(page.getByRole("heading", { level: 1, name: "Plain" })).toBeVisible();
});

signedIn("credentials are replaced by plain posts", async ({ page, server, tenant }) => {
  await server.simulator.reset();
  await page.goto(`/data/datasources/${tenant.id}/credentials`);
  const form = new ConnectForm(page);
  await form.fillCredentials();
  await form.test.click();
  await expect(form.connected).toBeVisible();
  await page.getByRole("button", { name: "Save new credentials" }).click();
  await expect(page).toHaveURL(new RegExp(`/data/datasources/${tenant.id}$`));
  await expect(page.getByRole("heading", { level: 1, name: tenant.name })).toBeVisible();
});

signedIn("what is refused says why, and loses nothing", async ({ page, server, tenant }) => {
  await server.simulator.reset();
  // A name that another datasource has; then a change of mind after the test.
  await page.goto(NEW_FORM);
  const form = new ConnectForm(page);
  await form.fill(tenant.name);
  await form.test.click();
  await form.expectProblem(form.name, /already a datasource named/);
  await form.fill("Another name");
  await form.test.click();
  await expect(form.save).toBeVisible();
  await page.getByRole("button", { name: "Change" }).click();
  await expect(form.name).toHaveValue("Another name");
  await expect(form.userName).toHaveValue(CREDENTIALS.userName);
  await expect(form.secret).toHaveValue("");

  await page.goto(`/data/datasources/${tenant.id}`);
  await page.getByText("Name, time zone, schedule and web address").click();
  await page.getByLabel("Time zone of the numbers").fill("Middle/Earth");
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(form.alert).toContainText("Choose a time zone of the list");
});

signedIn("a page without a script says how far the sync is, and starts one", async ({ page, tenant }) => {
  await page.goto(`/data/datasources/${tenant.id}`);
  await expect(page.getByRole("progressbar", { name: "Records synced" })).toBeVisible();
  await page.getByRole("button", { name: "Sync now" }).click();
  await expect(page).toHaveURL(new RegExp(`/data/datasources/${tenant.id}`));
  await expect(page.getByRole("region", { name: "History of syncs" }).locator("tbody").getByRole("row")).not.toHaveCount(1);
});

signedIn("dashboard numbers and charts are readable", async ({ page, tenant: _ }) => {
  await page.goto("/dashboards/service-ticket-kpis");
  const tile = (title: string) =>
    page.locator("section").filter({ has: page.getByRole("heading", { name: title, exact: true }) });
  await expect(tile("Open tickets").locator(".value")).toHaveText(/[1-9]/);
  const picture = tile("Open by status").locator(".tile-chart");
  await expect(picture.locator("svg").first()).toBeVisible();
  await expect(picture).toHaveAccessibleName(/\d/);
  await tile("Open by status").getByText("Open by status: Table").click();
  await expect(tile("Open by status").getByRole("row").nth(1)).toHaveText(/\d/);
  // Of two gauges on a tile one is chosen without a script.
  await page.getByText("Reactive hours per endpoint per month", { exact: true }).first().click();
  await expect(page.getByRole("radio", { name: "Reactive hours per endpoint per month" })).toBeChecked();

  const all = await tile("Open tickets").locator(".value").innerText();
  await page.getByLabel("Queue", { exact: true }).selectOption({ index: 1 });
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/queue=\d+/);
  await expect(tile("Open tickets").locator(".value")).not.toHaveText(all);
});

signedIn("a dataset is sorted, filtered and paged by links and a form", async ({ page, tenant: _ }) => {
  await page.goto("/data/datasets/tickets_14d");
  const rows = page.getByRole("region", { name: "Rows" }).locator("tbody").getByRole("row");
  await expect(rows).toHaveCount(50);
  await page.getByRole("columnheader", { name: /^Number/ }).getByRole("link").click();
  await expect(page.getByRole("columnheader", { name: /^Number/ })).toHaveAttribute("aria-sort", "ascending");
  await page.getByRole("link", { name: "Next" }).click();
  await expect(page.getByRole("navigation", { name: "Pages" })).toContainText("51 to");
  await page.getByLabel("Filter", { exact: true }).selectOption({ label: "Status" });
  await page.getByLabel("Value", { exact: true }).fill("new");
  await page.getByRole("search").getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/text=new/);
  for (const row of await rows.all()) await expect(row).toContainText(/new/i);
});
