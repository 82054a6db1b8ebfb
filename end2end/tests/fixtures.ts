// `test` of every browser test: a server, a page that tolerates no error, and axe.

import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";

import { CREDENTIALS, type Server, startServer } from "./server.ts";

export { CREDENTIALS, type Server } from "./server.ts";
export { expect };

/** How the admin of these tests signs in. */
export const ADMIN = { name: "Ada Admin", email: "ada@northwind-msp.example", password: "a sentence is a good password" };

export interface Admin {
  /** The header that makes a request one of the admin's. */
  cookie: string;
  state: { cookies: SessionCookie[]; origins: [] };
}

interface SessionCookie {
  name: string;
  value: string;
  domain: string;
  path: string;
  expires: number;
  httpOnly: boolean;
  secure: boolean;
  sameSite: "Lax";
}

/** A datasource of the simulated tenant. */
export interface Tenant {
  id: number;
  name: string;
}

interface TestFixtures {
  /** Errors on the page that a test provokes on purpose. */
  allowedErrors: RegExp | undefined;
  /** Fails on any breach of WCAG 2.2 A and AA in the page as it stands, or in the part that `within` selects. */
  axe: (within?: string) => Promise<void>;
}

interface WorkerFixtures {
  /** Tests with another purpose run on another server; they find nothing that others left. */
  purpose: string;
  /** Whether a recorder stands between the server and the simulated Autotask. */
  front: boolean;
  server: Server;
  /** Somebody who is signed in. The one-time link is used up by it. */
  admin: Admin;
  /** A datasource that is connected and completely synced. */
  tenant: Tenant;
}

/** Nobody is signed in. */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  purpose: ["reading", { option: true, scope: "worker" }],
  front: [false, { option: true, scope: "worker" }],

  server: [
    async ({ purpose: _, front }, use) => {
      const server = await startServer({ front });
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  admin: [async ({ server }, use) => use(await makeAdmin(server)), { scope: "worker", timeout: 30_000 }],

  tenant: [
    async ({ server }, use) => {
      const { id, name } = await addDatasource(server, "Northwind");
      const synced = async () => (await datasources(server)).find((each) => each.id === id)?.synced_at;
      await expect.poll(synced, { timeout: 60_000, intervals: [300] }).toBeTruthy();
      await use({ id, name });
    },
    { scope: "worker", timeout: 90_000 },
  ],

  allowedErrors: [undefined, { option: true }],

  baseURL: async ({ server }, use) => use(server.url),

  page: async ({ page, server, allowedErrors }, use) => {
    const errors = watchErrors(page, new URL(server.url).origin);
    await use(page);
    const unexpected = errors.filter((error) => !allowedErrors?.test(error));
    expect(unexpected, "errors on the page").toEqual([]);
  },

  axe: async ({ page }, use) => use((within) => checkAccessibility(page, within)),
});

/** The admin is signed in. */
export const signedIn = test.extend({
  storageState: async ({ admin }, use) => use(admin.state),
});

/** Fails on any breach of WCAG 2.2 A and AA in the page as it stands, or in the part that `within` selects. */
export async function checkAccessibility(page: Page, within?: string): Promise<void> {
  const builder = new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]);
  const { violations } = await (within ? builder.include(within) : builder).analyze();
  const told = violations.map(
    ({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.html}\n  ${node.failureSummary}`).join("\n")}`,
  );
  expect(told, "accessibility").toEqual([]);
}

/** Collects what a page must not do: errors in the console, uncaught ones, requests of ours that fail. */
export function watchErrors(page: Page, origin: string): string[] {
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => errors.push(`uncaught: ${error.stack ?? error.message}`));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "";
    // Leaving a page ends what it was still loading, its event stream first of all.
    // A browser without JavaScript holds back what is only loaded for scripts, and calls it "csp".
    if (["net::ERR_ABORTED", "csp"].includes(why) || new URL(request.url()).origin !== origin) return;
    errors.push(`request: ${request.method()} ${request.url()} ${why}`);
  });
  page.on("response", (response) => {
    if (response.status() < 400 || new URL(response.url()).origin !== origin) return;
    errors.push(`response: ${response.status()} ${response.request().method()} ${response.url()}`);
  });
  return errors;
}

/** Redeems the one-time link as its page does. */
async function makeAdmin(server: Server): Promise<Admin> {
  const token = new URL(server.signInLink).searchParams.get("token") ?? "";
  const { name, email, password } = ADMIN;
  const answer = await fetch(`${server.url}/welcome`, {
    method: "POST",
    body: new URLSearchParams({ token, name, email, password, again: password }),
    redirect: "manual",
  });
  const cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0];
  const at = cookie.indexOf("=");
  if (at < 1) throw new Error(`the first admin was not made: ${answer.status} ${answer.headers.get("location")}`);
  const session: SessionCookie = {
    name: cookie.slice(0, at),
    value: cookie.slice(at + 1),
    domain: new URL(server.url).hostname,
    path: "/",
    expires: -1,
    httpOnly: true,
    secure: false,
    sameSite: "Lax",
  };
  return { cookie, state: { cookies: [session], origins: [] } };
}

/** A line of `taskgauge datasource list --json`. */
export interface Listed extends Tenant {
  user_name: string;
  tenant: number | null;
  synced_at: string | null;
}

/** What is in the database. */
export async function datasources(server: Server): Promise<Listed[]> {
  const answer = await server.cli(["datasource", "list", "--json"]);
  if (answer.code !== 0) throw new Error(answer.stderr);
  return JSON.parse(answer.stdout);
}

/** Adds a datasource of the simulated tenant without the form. Its first sync begins by itself. */
export async function addDatasource(server: Server, name: string): Promise<Listed> {
  const { userName, secret, integrationCode } = CREDENTIALS;
  const who = ["--name", name, "--username", userName, "--integration-code", integrationCode];
  const answer = await server.cli(["datasource", "add", ...who, "--time-zone", "America/New_York"], { input: secret });
  if (answer.code !== 0) throw new Error(answer.stderr);
  const added = (await datasources(server)).find((each) => each.name === name);
  if (!added) throw new Error(`${name} is not in the list`);
  return added;
}

/** Removes what other tests connected. */
export async function removeDatasources(server: Server): Promise<void> {
  for (const { name } of await datasources(server)) {
    const answer = await server.cli(["datasource", "remove", "--name", name]);
    if (answer.code !== 0) throw new Error(answer.stderr);
  }
}
