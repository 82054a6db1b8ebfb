import { expect, test } from "./fixtures.ts";

test("signing in needs no script", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
  await expect(page.locator("form[method=post]")).toBeVisible();
});
