import { expect, test } from "./fixtures.ts";

test("a visitor without a session is asked to sign in", async ({ page, axe }) => {
  await page.goto("/");
  await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
  await axe();
});

test("the one-time link leads to a page that makes the first admin", async ({ page, server, axe }) => {
  await page.goto(server.signInLink);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await axe();
});
