import { ADMIN, expect, test } from "./fixtures.ts";

// The one-time link works once: these tests have a server of their own and follow one another.
test.use({ purpose: "signing in" });
test.describe.configure({ mode: "serial" });

async function signIn(page: import("@playwright/test").Page, password = ADMIN.password) {
  await page.getByLabel("E-mail address").fill(ADMIN.email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("a visitor without a session is asked to sign in", async ({ page, axe }) => {
  await page.goto("/dashboards");
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fdashboards$/);
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await axe();
});

test("a made-up link is told apart", async ({ page }) => {
  await page.goto("/welcome?token=made-up");
  await expect(page.getByRole("heading", { name: "This link does not work any more" })).toBeVisible();
  await expect(page.getByLabel("Password", { exact: true })).toHaveCount(0);
});

test("the one-time link makes the first admin, who is signed in", async ({ page, server, axe }) => {
  await page.goto(server.signInLink);
  await axe();
  await page.getByLabel("Your name").fill(ADMIN.name);
  await page.getByLabel("E-mail address").fill(ADMIN.email);
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByLabel("Password again").fill(`${ADMIN.password}!`);
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByRole("alert")).toContainText("The two passwords differ");
  await expect(page.getByLabel("Your name")).toHaveValue(ADMIN.name);
  await expect(page.getByLabel("E-mail address")).toHaveValue(ADMIN.email);
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByLabel("Password again").fill(ADMIN.password);
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByRole("link", { name: "Add a datasource" })).toBeVisible();
  await expect(page.getByText(ADMIN.email)).toBeVisible();
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax" });
});

test("the link works once", async ({ page, server }) => {
  await page.goto(server.signInLink);
  await expect(page.getByRole("heading", { name: "This link does not work any more" })).toBeVisible();
  const token = new URL(server.signInLink).searchParams.get("token") ?? "";
  const form = { token, name: "Eve", email: "eve@example.com", password: "another sentence", again: "another sentence" };
  const answer = await page.request.post("/welcome", { form, maxRedirects: 0 });
  expect(answer.status()).toBe(303);
  expect(answer.headers().location).toBe("/sign-in?problem=link");
  expect(answer.headers()["set-cookie"]).toBeUndefined();
});

test("a wrong password and an unknown address get the same answer", async ({ page }) => {
  await page.goto("/sign-in");
  await signIn(page, "not the password");
  await expect(page.getByRole("alert")).toContainText("The e-mail address or the password is wrong");
  await page.getByLabel("E-mail address").fill("nobody@example.com");
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("The e-mail address or the password is wrong");
});

test("signing in leads to the page that was asked for, signing out ends the session", async ({ page, request }) => {
  await page.goto("/data/datasets");
  await signIn(page);
  await expect(page).toHaveURL(/\/data\/datasets$/);
  const [{ name, value }] = await page.context().cookies();

  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("status")).toContainText("You are signed out");
  await page.goto("/data/datasets");
  await expect(page).toHaveURL(/\/sign-in/);
  // Whoever kept the cookie has nothing either.
  const answer = await request.get("/data/datasets", { headers: { cookie: `${name}=${value}` }, maxRedirects: 0 });
  expect(answer.headers().location).toContain("/sign-in");
});

for (const next of ["https://example.com/", "//example.com/", "/\\example.com", "javascript:alert(1)", "/%0d%0aevil"]) {
  test(`signing in does not lead to ${next}`, async ({ page, server }) => {
    const { email, password } = ADMIN;
    const answer = await page.request.post("/sign-in", { form: { email, password, next }, maxRedirects: 0 });
    expect(answer.status()).toBe(303);
    expect(new URL(answer.headers().location, server.url).origin).toBe(server.url);
  });
}

test("everything but signing in, health and static files needs a session", async ({ request, server }) => {
  const get = (path: string) => request.get(path, { maxRedirects: 0 });
  for (const path of [
    "/",
    "/dashboards",
    "/dashboards/service-ticket-kpis",
    "/data/datasources",
    "/data/datasources/new",
    "/data/datasources/1",
    "/data/datasources/1/credentials",
    "/data/datasources/1/webhooks",
    "/data/datasources/1/completeness",
    "/data/datasets",
    "/data/datasets/tickets_14d",
    "/data/datasets/tickets_14d/rows.csv",
    "/data/datasets/tickets_14d/rows.xlsx",
    "/gauges/open_tickets/rows",
    "/nothing-here",
    "/sign-in/x",
    "/healthz/x",
  ]) {
    const answer = await get(path);
    expect(answer.status(), path).toBe(303);
    expect(answer.headers().location, path).toMatch(/^\/sign-in/);
  }
  expect((await get("/events")).status()).toBe(401);
  for (const name of ["list_datasources", "get_datasource", "test_connection", "get_board", "get_changes", "no_such_function"]) {
    // Server functions have a number at the end of their address; the guard must not depend on it.
    const answer = await request.post(`/api/${name}123`, { data: {} });
    expect(answer.status(), name).toBe(401);
  }
  for (const path of ["/data/datasources/new", "/data/datasources/save", "/data/datasources/1/credentials"]) {
    const answer = await request.post(path, { form: { name: "x" }, maxRedirects: 0 });
    expect(answer.headers().location, path).toMatch(/^\/sign-in/);
  }
  const signIn = await get("/sign-in");
  expect(signIn.status()).toBe(200);
  for (const path of ["/healthz", "/readyz", ...((await signIn.text()).match(/\/pkg\/[\w.-]+/g) ?? [])]) {
    expect((await get(path)).status(), path).toBe(200);
  }
  // Another site's page may not act for whoever is signed in.
  const foreign = await fetch(`${server.url}/sign-out`, { method: "POST", headers: { "sec-fetch-site": "cross-site" } });
  expect(foreign.status).toBe(403);
});

test("guessing is slowed down", async ({ page, request }) => {
  for (let guess = 0; guess < 10; guess++) {
    await request.post("/sign-in", { form: { email: "guess@example.com", password: `guess ${guess}` }, maxRedirects: 0 });
  }
  await page.goto("/sign-in");
  await signIn(page);
  await expect(page.getByRole("alert")).toContainText("Too many tries");
});
