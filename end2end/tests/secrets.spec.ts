// Nothing that the server gives away holds a credential.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { ADMIN, CREDENTIALS, expect, removeDatasources, signedIn as test } from "./fixtures.ts";
import { ConnectForm, NEW_FORM, open } from "./form.ts";

test.use({ purpose: "connecting" });
test.setTimeout(60_000);

/** Their letters alone, so that no way of writing the other characters hides them. */
const SECRETS = ["S1mulated-", "NWMSPSIMULATEDTRACKINGID027", "Wr0ngSecretMarker", "WR0NGCODEMARKER"];

const expectNone = (where: string, text: string) => {
  for (const secret of SECRETS) expect(text.includes(secret), `${secret} in ${where}`).toBe(false);
};

test("no credential is in pages, answers, scripts, logs, command output or files", async ({ page, server }) => {
  await server.simulator.reset();
  await removeDatasources(server);
  const seen: Promise<[string, string]>[] = [];
  page.on("response", (response) => {
    if (response.url().endsWith("/events") || response.status() === 303) return;
    seen.push(
      response
        .body()
        .catch(() => Buffer.alloc(0))
        .then((body) => [response.url(), `${JSON.stringify(response.headers())}${body.toString("latin1")}`]),
    );
  });
  await open(page, NEW_FORM);
  const form = new ConnectForm(page);
  // What is refused is kept as little as what is accepted.
  await form.fill("Sealed", { ...CREDENTIALS, secret: "Wr0ngSecretMarker" });
  await form.test.click();
  await expect(form.alert).toBeVisible();
  await server.simulator.set({ auth_failure: "errors500" });
  await form.fill("Sealed", { ...CREDENTIALS, integrationCode: "WR0NGCODEMARKER" });
  await form.test.click();
  await expect(form.alert).toContainText("integration code");
  await form.fill("Sealed");
  await form.test.click();
  await expect(form.connected).toBeVisible();
  expectNone("the page after the test", await page.content());
  await form.save.click();
  await expect(page).toHaveURL(/\/data\/datasources\/\d+$/);
  const here = page.url();
  for (const path of ["/", "/data/datasources", here, `${here}/credentials`]) {
    await open(page, path);
    expectNone(path, await page.content());
  }
  for (const path of ["/data/datasets", "/data/datasets/tickets_14d", "/gauges/open_tickets/rows"]) {
    await page.goto(path);
    expectNone(path, await page.content());
  }
  const answers = await Promise.all(seen);
  expect(answers.some(([url]) => url.endsWith(".wasm"))).toBe(true);
  expect(answers.some(([url]) => url.includes("/api/test_connection"))).toBe(true);
  for (const [url, text] of answers) expectNone(url, text);

  const { userName, secret } = CREDENTIALS;
  const who = ["--name", "x", "--username", userName, "--integration-code", "WR0NGCODEMARKER"];
  for (const args of [
    ["datasource", "list"],
    ["datasource", "list", "--json"],
    ["datasource", "test", ...who],
    ["datasource", "test", ...who, "--json"],
    ["sync", "--datasource", "Sealed", "--json"],
  ]) {
    const { stdout, stderr } = await server.cli(args, { input: secret });
    expectNone(`taskgauge ${args[0]} ${args[1]}`, stdout + stderr);
  }
  expect(server.log()).toContain("Listening on");
  expectNone("the log", server.log());
  expect(server.log()).not.toContain(ADMIN.password);

  let files = 0;
  for (const file of await readdir(server.dataDir, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    // Postgres removes files of its own while it runs.
    const content = await readFile(join(file.parentPath, file.name), "latin1").catch(() => "");
    files += 1;
    expectNone(join(file.parentPath, file.name), content);
    expect(content.includes(ADMIN.password), file.name).toBe(false);
  }
  expect(files).toBeGreaterThan(100);
});
