import { addDatasource, datasources, expect, removeDatasources, signedIn as test } from "./fixtures.ts";
import { ConnectForm, NEW_FORM, open } from "./form.ts";
import { CREDENTIALS } from "./server.ts";

test.use({ purpose: "connecting" });

test.beforeEach(async ({ server }) => server.simulator.reset());

test("an empty account leads to the form and its guide", async ({ page, server, axe }) => {
  await removeDatasources(server);
  await open(page, "/");
  await page.getByRole("link", { name: "Add a datasource" }).click();
  await page.getByRole("link", { name: /Autotask PSA/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Connect Autotask" })).toBeVisible();
  const guide = page.getByRole("complementary", { name: "In Autotask" });
  for (const part of ["Security level", "API user", "Connect"]) {
    await expect(guide.getByRole("heading", { name: part, exact: true })).toBeVisible();
  }
  // Tab, right, and what is missed without it.
  await expect(guide.getByRole("row").nth(1).getByRole("cell")).toHaveCount(3);
  await axe();
  await page.emulateMedia({ colorScheme: "dark" });
  await axe();
});

test("an empty form says what is missing, at each field", async ({ page, axe }) => {
  await open(page, NEW_FORM);
  const form = new ConnectForm(page);
  await form.test.click();
  await form.expectFocusOn("Check the form");
  await form.expectProblem(form.name, "Give the datasource a name");
  await form.expectProblem(form.userName, "Enter the API user's name (key).");
  await form.expectProblem(form.secret, "Enter the API user's secret.");
  await form.expectProblem(form.integrationCode, "Enter the tracking identifier (integration code).");
  await axe();
  await page.emulateMedia({ colorScheme: "dark" });
  await axe();
  await form.alert.getByRole("link", { name: "Enter the API user's secret." }).click();
  await expect(form.secret).toBeFocused();
});

test("each field says what is wrong with it and loses nothing", async ({ page, server }) => {
  await open(page, NEW_FORM);
  const form = new ConnectForm(page);
  const { userName, secret, integrationCode } = CREDENTIALS;
  await form.openAdvanced();
  // With a zone in its field, the zone is not looked for; so nothing at all is sent.
  await form.zone.fill("5");
  const right = { name: 'Northwind "North" <b>&amp; 😀', userName, secret, integrationCode, zone: "5", webAddress: "" };
  await form.fill(right.name);
  await form.timeZone.selectOption("Europe/Berlin");
  type Name = keyof typeof right;
  const wrong: [Name, string, string][] = [
    ["name", " ", "Give the datasource a name"],
    ["name", "N".repeat(81), "at most 80 characters"],
    ["userName", "u".repeat(501), "longer than Autotask allows"],
    ["userName", `${userName} `, "begins or ends with a space"],
    ["userName", "api user@northwind.example", "has no spaces"],
    ["userName", "😀@northwind.example", "a character that Autotask does not use here"],
    ["secret", "s".repeat(501), "longer than Autotask allows"],
    ["secret", ` ${secret}`, "begins or ends with a space"],
    ["secret", "   ", "Enter the API user's secret."],
    ["integrationCode", "I".repeat(501), "longer than Autotask allows"],
    ["integrationCode", `${integrationCode} `, "begins or ends with a space"],
    ["integrationCode", "😀", "a character that Autotask does not use here"],
    ["zone", "https://example.com/", "example.com is not an Autotask address"],
    ["zone", "https://autotask.net.example.com/", "is not an Autotask address"],
    ["zone", "http://ww5.autotask.net/", "must start with https://"],
    ["zone", "https://user:word@ww5.autotask.net/", "must not contain a user name or password"],
    ["zone", "https://ww5.autotask.net:8443/", "must not contain a port"],
    ["zone", "https://192.0.2.7/", "not an IP address"],
    ["zone", "https://[2001:db8::1]/", "not an IP address"],
    ["zone", "somewhere 😀", "This is neither a zone number nor an address"],
    ["zone", `https://ww5.autotask.net/${"a".repeat(600)}`, "too long"],
    ["webAddress", "javascript:alert(1)", "This is neither a zone number nor an address"],
    ["webAddress", "https://example.com/", "example.com is not an Autotask address"],
    ["webAddress", "😀", "This is neither a zone number nor an address"],
    ["webAddress", `https://ww5.autotask.net/${"a".repeat(600)}`, "too long"],
  ];
  for (const [name, value, message] of wrong) {
    await form[name].fill(value);
    await form.test.click();
    await form.expectProblem(form[name], message);
    await form.expectFocusOn("Check the form");
    for (const each of Object.keys(right) as Name[]) {
      await expect(form[each], `${each} after ${message}`).toHaveValue(each === name ? value : right[each]);
    }
    await form[name].fill(right[name]);
  }
  await expect(form.timeZone).toHaveValue("Europe/Berlin");
  expect(await server.simulator.requests()).toBe(0);
});

test("what was typed before the script came is kept", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(/\.wasm$/, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(NEW_FORM, { waitUntil: "domcontentloaded" });
  const form = new ConnectForm(page);
  await form.fill("Typed early");
  await form.timeZone.selectOption("Europe/Berlin");
  const alive = page.waitForRequest(/\/events$/);
  release();
  await alive;
  await expect(form.name).toHaveValue("Typed early");
  await expect(form.userName).toHaveValue(CREDENTIALS.userName);
  await expect(form.secret).toHaveValue(CREDENTIALS.secret);
  await expect(form.timeZone).toHaveValue("Europe/Berlin");
  await form.test.click();
  await expect(form.connected).toBeVisible();
  await expect(page.getByText("Typed early")).toBeVisible();
});

const FAILURES: { name: string; switches?: object; typed?: object; title: string; what: RegExp; next: RegExp }[] = [
  {
    name: "a wrong secret",
    typed: { secret: "not the secret" },
    title: "Autotask refuses these credentials",
    what: /knows the user name but refuses the credentials/,
    next: /Paste the secret again/,
  },
  {
    name: "an unknown user",
    typed: { userName: "nobody@northwind-msp.example" },
    title: "Autotask does not know this user",
    what: /does not know this user name/,
    next: /takes up to 5 minutes/,
  },
  {
    name: "a wrong integration code",
    switches: { auth_failure: "errors500" },
    typed: { integrationCode: "NOTTHECODE" },
    title: "The integration code is wrong",
    what: /does not accept the integration code/,
    next: /Copy the tracking identifier/,
  },
  {
    name: "a secret with quotes, an emoji and what shells expand",
    typed: { secret: `it's "quoted" $HOME \u{1F600} #&+` },
    title: "Autotask refuses these credentials",
    what: /refuses the credentials/,
    next: /Paste the secret again/,
  },
  {
    name: "a user unknown in the manner of 2023",
    switches: { auth_failure: "errors500" },
    typed: { userName: "nobody@northwind-msp.example" },
    title: "Autotask does not know this user",
    what: /does not know this user name/,
    next: /wait 5 minutes/,
  },
  {
    name: "a locked user",
    switches: { locked: true },
    title: "Autotask refuses these credentials",
    what: /refuses the credentials/,
    next: /not locked/,
  },
  {
    name: "a used-up hour",
    switches: { hourly_used_by_others: 10_000 },
    title: "The hourly limit is reached",
    what: /requests that Autotask allows .* are used up/,
    next: /Wait until the hour has passed/,
  },
  {
    name: "a maintenance page",
    switches: { html_503: {} },
    title: "Autotask is not available",
    what: /unavailable|A web page came instead of data/,
    next: /in a few minutes|a few minutes and try again/,
  },
  {
    name: "an API user that may read nothing",
    switches: { forbidden: "all" },
    title: "The API user can read nothing",
    what: /may not read anything/,
    next: /Security levels/,
  },
];

for (const { name, switches, typed, title, what, next } of FAILURES) {
  test(`the test tells ${name}`, async ({ page, server }) => {
    // Before the first field is left: the zone is looked up then.
    if (switches) await server.simulator.set(await expanded(server, switches));
    await open(page, NEW_FORM);
    const form = new ConnectForm(page);
    await form.fill("Northwind", { ...CREDENTIALS, ...typed });
    await form.test.click();
    await expect(form.alert).toContainText(title, { timeout: 25_000 });
    await expect(form.alert).toContainText(what);
    await expect(form.alert).toContainText(next);
    await form.expectFocusOn(title);
    await expect(form.userName).toHaveValue({ ...CREDENTIALS, ...typed }.userName);
    await expect(form.secret).toHaveValue({ ...CREDENTIALS, ...typed }.secret);
    await expect(form.integrationCode).toHaveValue({ ...CREDENTIALS, ...typed }.integrationCode);
  });
}

test("a wrong zone is told, and the right one taken with a button", async ({ page, server }) => {
  await open(page, NEW_FORM);
  const form = new ConnectForm(page);
  await form.fill("Northwind");
  await form.openAdvanced();
  await form.zone.fill(server.simulator.url);
  await server.simulator.set({ zone_moved: true });
  await form.test.click();
  await expect(form.alert).toContainText("This is not the user’s zone");
  await form.alert.getByRole("button", { name: /^Use / }).click();
  await expect(form.zone).not.toHaveValue(server.simulator.url);
  await expect(form.secret).toHaveValue(CREDENTIALS.secret);
  await form.test.click();
  await expect(form.connected).toBeVisible();
});

/** `forbidden: "all"` as the list of every entity that is asked for in a test. */
async function expanded(server: import("./server.ts").Server, switches: object): Promise<Record<string, unknown>> {
  const all = { ...switches } as Record<string, unknown>;
  if (all.forbidden !== "all") return all;
  const { userName, secret, integrationCode } = CREDENTIALS;
  const who = ["--name", "x", "--username", userName, "--integration-code", integrationCode, "--json"];
  const answer = await server.cli(["datasource", "test", ...who], { input: secret });
  all.forbidden = JSON.parse(answer.stdout).report.doctor.probes.map((probe: { entity: string }) => probe.entity);
  return all;
}

test("the permission doctor names the right that is missing", async ({ page, server, axe }) => {
  await server.simulator.set({ forbidden: ["Invoices"], silently_empty: ["Contracts"] });
  await open(page, NEW_FORM);
  const form = new ConnectForm(page);
  await form.fill("Northwind");
  await form.test.click();
  await expect(form.connected).toContainText("Look at what is left out");
  const invoices = page.getByRole("row", { name: /^Invoices\b.*Forbidden/ });
  await expect(invoices.getByRole("cell").nth(2)).toHaveText(/\w+ → \w+/);
  await expect(invoices.getByRole("cell").nth(3)).toContainText("Invoice Data");
  await expect(page.getByRole("row", { name: /^Contracts\b.*Nothing visible/ })).toBeVisible();
  await axe();
  await page.emulateMedia({ colorScheme: "dark" });
  await axe();
});

test("leaving with something typed asks, and staying loses nothing", async ({ page }) => {
  await open(page, NEW_FORM);
  const form = new ConnectForm(page);
  // A name alone is no loss.
  await form.name.fill("Northwind");
  await page.getByRole("link", { name: "Datasets" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Datasets" })).toBeVisible();

  await open(page, NEW_FORM);
  await form.fill("Northwind");
  const asked: string[] = [];
  let answer = false;
  page.on("dialog", async (dialog) => {
    asked.push(dialog.message());
    await (answer ? dialog.accept() : dialog.dismiss());
  });
  await page.getByRole("link", { name: "Cancel" }).click();
  expect(asked).toEqual(["Leave this page? What you typed is not saved."]);
  await expect(form.secret).toHaveValue(CREDENTIALS.secret);
  answer = true;
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(page).toHaveURL(/\/data\/datasources$/);
  expect(asked).toHaveLength(2);
});

test("a name that is taken is said with the test", async ({ page, server }) => {
  await removeDatasources(server);
  await addDatasource(server, "Northwind");
  await open(page, NEW_FORM);
  const form = new ConnectForm(page);
  await form.fill("northwind");
  await form.test.click();
  await form.expectProblem(form.name, /already a datasource named/);
  await expect(form.secret).toHaveValue(CREDENTIALS.secret);
});

test("a datasource can be removed while it syncs", async ({ page, server }) => {
  await removeDatasources(server);
  // Slow enough that it still runs when it is removed.
  await server.simulator.set({ slow_first_byte: { delay_ms: 300, fault: {} } });
  const { id } = await addDatasource(server, "Northwind");
  await open(page, `/data/datasources/${id}`);
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await page.getByText("Remove datasource", { exact: true }).click();
  // What was opened stays open while the progress goes on.
  const read = page.getByRole("progressbar", { name: "Records synced" });
  const before = await read.getAttribute("value");
  await expect(read).not.toHaveAttribute("value", before ?? "");
  await page.getByRole("button", { name: "Remove it" }).click();
  await expect(page).toHaveURL(/\/data\/datasources$/);
  expect(await datasources(server)).toEqual([]);
});

test("the schedule is paused and resumed", async ({ page, server }) => {
  await removeDatasources(server);
  const { id } = await addDatasource(server, "Northwind");
  await open(page, `/data/datasources/${id}`);
  await page.getByRole("button", { name: "Pause schedule" }).click();
  await expect(page.getByText("The schedule is paused")).toBeVisible();
  await page.getByRole("button", { name: "Resume schedule" }).click();
  await expect(page.getByText("The schedule is paused")).toHaveCount(0);
});

test("the permission doctor looks again when asked", async ({ page, server }) => {
  await removeDatasources(server);
  await server.simulator.reset();
  const { id } = await addDatasource(server, "Northwind");
  await expect.poll(async () => (await datasources(server))[0].synced_at, { timeout: 20_000 }).toBeTruthy();
  await open(page, `/data/datasources/${id}`);
  const forbidden = page.getByRole("row", { name: /^Invoices\b.*Forbidden/ });
  await expect(forbidden).toHaveCount(0);
  await server.simulator.set({ forbidden: ["Invoices"] });
  await page.getByRole("button", { name: "Check again" }).click();
  await expect(forbidden).toBeVisible();
  await server.simulator.reset();
  await page.getByRole("button", { name: "Check again" }).click();
  await expect(forbidden).toHaveCount(0);
});

test("what was tested is saved, without a reload, and the dashboard has numbers within 5 s", async ({ page, server, axe }) => {
  await removeDatasources(server);
  await open(page, NEW_FORM);
  await page.evaluate(() => Object.assign(window, { marker: "same page" }));
  const form = new ConnectForm(page);
  await form.fill("Northwind");
  await form.test.click();
  await expect(form.connected).toBeVisible();
  for (const fact of ["Northwind Managed IT", "Simulator", CREDENTIALS.userName]) {
    await expect(page.getByRole("definition").filter({ hasText: fact }).first()).toBeVisible();
  }
  await expect(page.getByRole("definition").filter({ hasText: /of 10,000 requests/ })).toBeVisible();
  await expect(page.locator("input:not([type=hidden])")).toHaveCount(0);
  expect(await page.content()).not.toContain(CREDENTIALS.secret);
  expect(await page.content()).not.toContain(CREDENTIALS.integrationCode);
  await axe();

  // Change leads back to the form; the secret is asked for anew, and nothing claims to have been filled in.
  await page.getByRole("button", { name: "Change" }).click();
  await expect(form.name).toHaveValue("Northwind");
  await expect(form.userName).toHaveValue(CREDENTIALS.userName);
  await expect(form.secret).toHaveValue("");
  await expect(page.getByText("Your browser filled this in")).toHaveCount(0);
  await form.secret.fill(CREDENTIALS.secret);
  await form.test.click();
  await expect(form.connected).toBeVisible();

  // The page itself notes the moments: asking it again and again would add the pauses between the questions.
  await page.evaluate(() => {
    const noted = window as unknown as { saved?: number; numbers?: number };
    addEventListener("submit", () => (noted.saved ??= performance.now()), { capture: true });
    new MutationObserver(() => {
      const titled = [...document.querySelectorAll("section")].find((tile) => tile.querySelector("h2")?.textContent === "Open tickets");
      if (/^[1-9][\d,.]*$/.test(titled?.querySelector(".value")?.textContent ?? "")) noted.numbers ??= performance.now();
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await form.save.click();
  await expect(page).toHaveURL(/\/data\/datasources\/\d+$/);
  await expect(page.getByRole("progressbar", { name: "Records synced" })).toBeVisible();
  await page.getByRole("link", { name: "Open the Service Ticket KPIs" }).click();
  const open_tickets = page.locator("section").filter({ has: page.getByRole("heading", { name: "Open tickets", exact: true }) });
  await expect(open_tickets.locator(".value")).toHaveText(/^[1-9][\d,.]*$/);
  const { saved, numbers } = await page.evaluate(() => {
    const noted = window as unknown as { saved: number; numbers: number };
    return { saved: noted.saved, numbers: noted.numbers };
  });
  const seconds = (numbers - saved) / 1_000;
  test.info().annotations.push({ type: "first numbers after Save", description: `${seconds.toFixed(1)} s` });
  console.log(`first numbers ${seconds.toFixed(1)} s after Save`);
  expect(seconds).toBeLessThan(5);
  expect(await page.evaluate(() => (window as unknown as { marker?: string }).marker)).toBe("same page");
  expect((await datasources(server)).map(({ name, user_name }) => [name, user_name])).toEqual([["Northwind", CREDENTIALS.userName]]);
});

test("the form needs no mouse", async ({ page, server }) => {
  await removeDatasources(server);
  await open(page, "/");
  const form = new ConnectForm(page);
  const { keyboard } = page;
  const tabTo = async (target: import("@playwright/test").Locator) => {
    for (let step = 0; step < 60; step++) {
      if (await target.evaluate((element) => element === document.activeElement).catch(() => false)) return;
      await keyboard.press("Tab");
    }
    await expect(target).toBeFocused();
  };
  await tabTo(page.getByRole("link", { name: "Add a datasource" }));
  await keyboard.press("Enter");
  const card = page.getByRole("link", { name: /Autotask PSA/ });
  await expect(card).toBeVisible();
  await tabTo(card);
  await keyboard.press("Enter");
  await expect(form.name).toBeVisible();
  await tabTo(form.name);
  await keyboard.type("By keys");
  await keyboard.press("Enter");
  await form.expectFocusOn("Check the form");
  await tabTo(form.userName);
  await keyboard.type(CREDENTIALS.userName);
  await keyboard.press("Tab");
  await expect(form.secret).toBeFocused();
  await keyboard.type(CREDENTIALS.secret);
  await tabTo(form.integrationCode);
  await keyboard.type(CREDENTIALS.integrationCode);
  await tabTo(form.test);
  await keyboard.press("Space");
  await expect(form.connected).toBeVisible();
  await form.expectFocusOn("Connected");
  await tabTo(form.save);
  await keyboard.press("Enter");
  await expect(page).toHaveURL(/\/data\/datasources\/\d+$/);
  await expect(page.getByRole("heading", { level: 1, name: "By keys" })).toBeVisible();
});
