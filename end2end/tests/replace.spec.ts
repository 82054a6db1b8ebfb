import { addDatasource, datasources, expect, removeDatasources, signedIn as test } from "./fixtures.ts";
import { ConnectForm, open } from "./form.ts";
import { CREDENTIALS } from "./server.ts";

test.use({ front: true, purpose: "replacing" });

test.beforeEach(async ({ server }) => {
  await server.simulator.reset();
  await removeDatasources(server);
});

test("new credentials need a test of their own; the stored ones are never shown", async ({ page, server, axe }) => {
  const { id } = await addDatasource(server, "Replaced");
  await open(page, `/data/datasources/${id}`);
  await expect(page.getByRole("definition").filter({ hasText: CREDENTIALS.userName })).toBeVisible();
  expect(await page.content()).not.toContain(CREDENTIALS.secret);
  await page.getByRole("link", { name: "Replace" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Replace credentials" })).toBeVisible();
  const form = new ConnectForm(page);
  for (const field of [form.userName, form.secret, form.integrationCode]) await expect(field).toHaveValue("");
  await expect(page.getByRole("button", { name: "Save new credentials" })).toHaveCount(0);
  await axe();

  await form.fillCredentials({ ...CREDENTIALS, secret: "wrong" });
  await form.test.click();
  await expect(form.alert).toContainText("refuses these credentials");
  await expect(page.getByRole("button", { name: "Save new credentials" })).toHaveCount(0);

  await form.secret.fill(CREDENTIALS.secret);
  await form.test.click();
  await expect(form.connected).toBeVisible();
  await page.getByRole("button", { name: "Save new credentials" }).click();
  await expect(page).toHaveURL(new RegExp(`/data/datasources/${id}$`));
});

test.describe("another Autotask", () => {
  test("is asked about before its credentials replace the stored ones", async ({ page, server }) => {
    const { id, tenant } = await addDatasource(server, "Moved");
    await open(page, `/data/datasources/${id}/credentials`);
    const form = new ConnectForm(page);
    if (!server.front) throw new Error("nothing stands before the simulator");
    server.front.tenant = 999_999;
    try {
      await form.fillCredentials();
      await form.test.click();
      await expect(form.connected).toBeVisible();
      await page.getByRole("button", { name: "Save new credentials" }).click();
      await expect(form.alert).toContainText(/another Autotask/i);
      expect((await datasources(server))[0].tenant).toBe(tenant);
      await page.getByRole("button", { name: "Replace, and drop the rows of the old Autotask" }).click();
      await expect(page).toHaveURL(new RegExp(`/data/datasources/${id}$`));
      expect((await datasources(server))[0].tenant).toBe(999_999);
    } finally {
      server.front.tenant = undefined;
    }
  });
});
