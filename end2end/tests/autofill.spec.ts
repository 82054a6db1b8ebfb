// What a browser or an extension fills in is never tested and never stored, unless a person says that it is right.

import type { BrowserContext, Page } from "@playwright/test";

import { addDatasource, datasources, expect, removeDatasources, signedIn, watchErrors } from "./fixtures.ts";
import { ConnectForm, NEW_FORM, open } from "./form.ts";
import { type Profile, profileWithLogin, SAVED, settledInputs, watchInputs } from "./saved-login.ts";
import { CREDENTIALS } from "./server.ts";

interface Saved {
  context: BrowserContext;
  page: Page;
}

const test = signedIn.extend<{ saved: Saved }, { profile: Profile }>({
  profile: [
    async ({ server, browser }, use, info) => {
      const profile = await profileWithLogin(server.url, info.project.use.launchOptions ?? {});
      await use(profile);
      await profile.remove();
    },
    { scope: "worker", timeout: 60_000 },
  ],

  /** A browser with a saved login, in which the admin is signed in. */
  saved: async ({ profile, server, admin }, use) => {
    const context = await profile.launch();
    await context.addCookies(admin.state.cookies);
    await watchInputs(context);
    const page = await context.newPage();
    const errors = watchErrors(page, server.url);
    await use({ context, page });
    await context.close();
    expect(errors, "errors on the page").toEqual([]);
  },
});

// A trace looks into the page all the time, and to the browser that is a gesture of the person.
test.use({ front: true, purpose: "filling in", trace: "off" });

test.beforeEach(async ({ server }) => {
  await server.simulator.reset();
  server.front?.seen.splice(0);
});

test.afterEach("the saved login is nowhere", async ({ server }) => {
  const sent = JSON.stringify(server.front?.seen);
  for (const value of [SAVED.password, SAVED.userName, encodeURIComponent(SAVED.userName)]) expect(sent).not.toContain(value);
  expect(JSON.stringify(await datasources(server))).not.toContain(SAVED.userName);
  expect(server.log()).not.toContain(SAVED.password);
});

/** A browser that does not mind `new-password`: the form is served with what such a browser makes of it. */
async function ignoreNewPassword(page: Page): Promise<void> {
  await page.route(/\/data\/datasources\/(new|\d+\/credentials)/, async (route) => {
    if (route.request().resourceType() !== "document") return route.fallback();
    const response = await route.fetch();
    const body = (await response.text()).replaceAll('autocomplete="new-password"', 'autocomplete="off"');
    await route.fulfill({ response, body });
  });
}

const marks = (page: Page) => page.getByText("Your browser filled this in. Check it, or type it yourself.");

/** The click on *Test* is the first gesture on the page, and was refused. */
async function expectRefused(form: ConnectForm): Promise<void> {
  await expect(form.filledIn).toBeVisible();
  await form.expectFocusOn("Your browser filled in a field");
  await expect(form.connected).toHaveCount(0);
}

async function expectNothingAsked(server: { front?: { seen: unknown[] } }): Promise<void> {
  expect(server.front?.seen).toEqual([]);
}

test("control: this browser does fill in its saved login", async ({ saved: { page }, server }) => {
  await page.route(`${server.url}/control.html`, (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<!doctype html><title>Control</title><form autocomplete="off" method="post">
        <input id="user" name="api_user" autocomplete="off"><input id="word" name="api_secret" type="password" autocomplete="off">
        <button>Send</button></form>`,
    }),
  );
  const settled = settledInputs(page);
  await page.goto("/control.html");
  expect(await settled).toEqual([
    { id: "user", filled: true, value: "" },
    { id: "word", filled: true, value: "" },
  ]);
  // The first gesture opens the values.
  await page.getByRole("button", { name: "Send" }).hover();
  await page.mouse.click(600, 600);
  await expect(page.locator("#user")).toHaveValue(SAVED.userName);
  await expect(page.locator("#word")).toHaveValue(SAVED.password);
});

test("the form is not filled in on load, nor on the first gesture", async ({ saved: { page }, server }) => {
  const settled = settledInputs(page);
  await page.goto(NEW_FORM);
  for (const look of await settled) expect(look).toEqual({ id: look.id, filled: false, value: "" });
  await page.mouse.click(700, 40);
  const form = new ConnectForm(page);
  for (const field of [form.userName, form.secret, form.integrationCode]) await expect(field).toHaveValue("");
  await form.test.click();
  await expect(form.alert).toContainText("Enter the API user's secret.");
  await expectNothingAsked(server);
});

test("a fill that shows with the click on Test is not tested", async ({ saved: { page }, server }) => {
  await removeDatasources(server);
  await ignoreNewPassword(page);
  const settled = settledInputs(page);
  await page.goto(NEW_FORM);
  expect((await settled).filter((look) => look.filled).length, "the browser fills this form").toBeGreaterThan(0);
  // A locator would look into the page, and that is a gesture already.
  const form = new ConnectForm(page);
  await form.test.click();
  await expectRefused(form);
  await expect(marks(page).first()).toBeVisible();
  await expectNothingAsked(server);

  // A second click changes nothing.
  await form.test.click();
  await expectRefused(form);
  await expectNothingAsked(server);

  await form.fill("Typed over");
  await form.test.click();
  await expect(form.connected).toBeVisible();
  await form.save.click();
  await expect(page).toHaveURL(/\/data\/datasources\/\d+$/);
  const [stored] = await datasources(server);
  expect(stored).toMatchObject({ name: "Typed over", user_name: CREDENTIALS.userName });
  // All three are as typed, or Autotask would refuse them.
  const synced = await server.cli(["sync", "--datasource", "Typed over", "--json"]);
  expect(synced.code, synced.stderr).toBe(0);
});

for (const typed of ["userName", "secret", "integrationCode"] as const) {
  test(`typing only the ${typed} does not make the rest right`, async ({ saved: { page }, server }) => {
    await ignoreNewPassword(page);
    const settled = settledInputs(page);
    await page.goto(NEW_FORM);
    await settled;
    const form = new ConnectForm(page);
    await form.openAdvanced();
    // With a zone in its field nothing is looked up.
    await form.zone.fill("5");
    await form.name.fill("Half typed");
    await form[typed].fill(CREDENTIALS[typed]);
    await form.test.click();
    await expect(form.filledIn.or(form.alert).first()).toBeVisible();
    await expect(form.connected).toHaveCount(0);
    await expectNothingAsked(server);
    await expect(form[typed]).toHaveValue(CREDENTIALS[typed]);
  });
}

test("after a passed test nothing can be filled in, and Change starts without a fill", async ({ saved: { page }, server }) => {
  await removeDatasources(server);
  await open(page, NEW_FORM);
  const form = new ConnectForm(page);
  await form.fill("Tested");
  await form.test.click();
  await expect(form.connected).toBeVisible();
  await expect(page.locator("input:not([type=hidden])")).toHaveCount(0);
  await page.mouse.click(700, 40);

  const settled = settledInputs(page);
  await page.getByRole("button", { name: "Change" }).click();
  const looks = Object.fromEntries((await settled).map((look) => [look.id, look]));
  expect(looks.secret).toEqual({ id: "secret", filled: false, value: "" });
  expect(looks.user_name).toEqual({ id: "user_name", filled: false, value: CREDENTIALS.userName });
  await page.mouse.click(700, 40);
  await expect(form.secret).toHaveValue("");
  await form.test.click();
  await expect(form.alert).toContainText("Enter the API user's secret.");

  await form.secret.fill(CREDENTIALS.secret);
  await form.test.click();
  await expect(form.connected).toBeVisible();
  await form.save.click();
  await expect(page).toHaveURL(/\/data\/datasources\/\d+$/);
  expect(await datasources(server)).toMatchObject([{ name: "Tested", user_name: CREDENTIALS.userName }]);
});

test("leaving the form and coming back does not fill it in", async ({ saved: { page }, server }) => {
  await open(page, NEW_FORM);
  // Leaving is asked about; here the answer is yes.
  page.on("dialog", (dialog) => dialog.accept());
  const form = new ConnectForm(page);
  await form.fill("Left");
  await page.getByRole("link", { name: "Datasets" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Datasets" })).toBeVisible();
  server.front?.seen.splice(0);
  const settled = settledInputs(page);
  await page.goBack();
  for (const look of await settled) expect(look).toEqual({ id: look.id, filled: false, value: "" });
  await page.mouse.click(700, 40);
  await form.test.click();
  await expect(form.alert).toContainText("Enter the API user's secret.");
  // Away by a whole new page, and back.
  await page.goto("/healthz");
  const again = settledInputs(page);
  await page.goBack();
  for (const look of await again) expect(look.filled).toBe(false);
  await page.mouse.click(700, 40);
  await form.test.click();
  await expect(form.alert).toContainText("Enter the API user's secret.");
  await expectNothingAsked(server);
});

test("replacing credentials later takes no fill", async ({ saved: { page }, server }) => {
  await removeDatasources(server);
  const { id } = await addDatasource(server, "Edited");
  await ignoreNewPassword(page);
  await page.goto(`/data/datasources/${id}`);
  await expect(page.locator("input[type=password]")).toHaveCount(0);
  const form = new ConnectForm(page);

  // The page is opened as a whole, which is when browsers fill most.
  const settled = settledInputs(page);
  await page.goto(`/data/datasources/${id}/credentials`);
  expect((await settled).filter((look) => look.filled).length, "the browser fills this form").toBeGreaterThan(0);
  await form.test.click();
  await expectRefused(form);
  expect(await datasources(server)).toMatchObject([{ user_name: CREDENTIALS.userName }]);

  await form.fillCredentials();
  await form.test.click();
  await expect(form.connected).toBeVisible();
  await page.getByRole("button", { name: "Save new credentials" }).click();
  await expect(page).toHaveURL(/\/data\/datasources\/\d+$/);
  expect(await datasources(server)).toMatchObject([{ user_name: CREDENTIALS.userName }]);
  const synced = await server.cli(["sync", "--datasource", "Edited", "--json"]);
  expect(synced.code, synced.stderr).toBe(0);
});

/** How password managers write into a field, none of which a person does. */
const SCRIPTS: Record<string, (input: HTMLInputElement, value: string) => void> = {
  "the value alone": (input, value) => {
    input.value = value;
  },
  "an input event": (input, value) => {
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  },
  "an input event that claims to be typing": (input, value) => {
    input.value = value;
    input.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText", data: value }));
  },
  "key events around it": (input, value) => {
    input.focus();
    for (const key of value) input.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    input.value = value;
    input.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertFromPaste", data: value }));
    input.dispatchEvent(new KeyboardEvent("keyup", { key: value.slice(-1), bubbles: true }));
    input.blur();
  },
};

for (const [how, script] of Object.entries(SCRIPTS)) {
  test(`a script that fills with ${how} is not believed`, async ({ page, server }) => {
    await open(page, NEW_FORM);
    const form = new ConnectForm(page);
    await form.name.fill("Scripted");
    await form.openAdvanced();
    await form.zone.fill("5");
    await form.userName.evaluate(script, SAVED.userName);
    await form.secret.evaluate(script, SAVED.password);
    await form.integrationCode.evaluate(script, "SAVEDCODE");
    await form.test.click();
    await expectRefused(form);
    await expect(marks(page)).toHaveCount(3);
    await expectNothingAsked(server);

    // One letter more makes the rest no more a person's than it was.
    await form.secret.press("End");
    await form.secret.press("x");
    await form.test.click();
    await expectRefused(form);
    await expectNothingAsked(server);

    await page.getByRole("button", { name: /^Clear it ?: API secret$/ }).click();
    await expect(form.secret).toBeFocused();
    await expect(form.secret).toHaveValue("");
    await form.zone.fill("");
    await form.fillCredentials();
    await form.test.click();
    await expect(form.connected).toBeVisible();
  });
}

test("a fill is not sent before the script has come either", async ({ page, server }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(/\.wasm$/, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(NEW_FORM, { waitUntil: "domcontentloaded" });
  const form = new ConnectForm(page);
  await form.name.fill("Too early");
  await form.userName.evaluate(SCRIPTS["the value alone"], SAVED.userName);
  await form.secret.evaluate(SCRIPTS["an input event"], SAVED.password);
  await form.integrationCode.fill(CREDENTIALS.integrationCode);
  await form.test.click();
  await expect(form.userName).toBeFocused();
  await expectNothingAsked(server);
  const alive = page.waitForRequest(/\/events$/);
  release();
  await alive;
  await expect(marks(page)).toHaveCount(2);
  await form.test.click();
  await expectRefused(form);
  await expect(form.integrationCode).toHaveValue(CREDENTIALS.integrationCode);
  await expectNothingAsked(server);
});

test("a person may say that what was filled in is right", async ({ page, axe }) => {
  await open(page, NEW_FORM);
  const form = new ConnectForm(page);
  await form.name.fill("Confirmed");
  const { userName, secret, integrationCode } = CREDENTIALS;
  await form.userName.fill(userName);
  await form.secret.evaluate(SCRIPTS["an input event"], secret);
  await form.integrationCode.evaluate(SCRIPTS["an input event"], integrationCode);
  await expect(marks(page)).toHaveCount(2);
  await form.test.click();
  await expectRefused(form);
  await axe();
  await page.getByRole("button", { name: /^It is right ?: API secret$/ }).click();
  await page.getByRole("button", { name: /^It is right ?: Integration code$/ }).click();
  await form.test.click();
  await expect(form.connected).toBeVisible();
});

test("pasting is a person's doing", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, NEW_FORM);
  const form = new ConnectForm(page);
  await form.name.fill("Pasted");
  const { userName, secret, integrationCode } = CREDENTIALS;
  for (const [field, value] of [[form.userName, userName], [form.secret, secret], [form.integrationCode, integrationCode]] as const) {
    await page.evaluate((text) => navigator.clipboard.writeText(text), value);
    await field.focus();
    await page.keyboard.press("ControlOrMeta+V");
    await expect(field).toHaveValue(value);
  }
  await form.test.click();
  await expect(form.connected).toBeVisible();
});
