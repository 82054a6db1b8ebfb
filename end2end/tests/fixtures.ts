// `test` of every browser test: a server, a page that tolerates no error, and axe.

import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";

import { type Server, startServer } from "./server.ts";

export { CREDENTIALS, type Server } from "./server.ts";
export { expect };

interface TestFixtures {
  /** Errors on the page that a test provokes on purpose; set with `test.use({ allowedErrors: [/…/] })`. */
  allowedErrors: RegExp[];
  /** Fails on any breach of WCAG 2.2 A and AA in the page as it stands, or in the part that `within` selects. */
  axe: (within?: string) => Promise<void>;
}

interface WorkerFixtures {
  server: Server;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    async ({}, use) => {
      const server = await startServer();
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  allowedErrors: [[], { option: true }],

  baseURL: async ({ server }, use) => use(server.url),

  page: async ({ page, server, allowedErrors }, use) => {
    const errors = watchErrors(page, new URL(server.url).origin);
    await use(page);
    const unexpected = errors.filter((error) => !allowedErrors.some((allowed) => allowed.test(error)));
    expect(unexpected, "errors on the page").toEqual([]);
  },

  axe: async ({ page }, use) => {
    await use(async (within) => {
      const builder = new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]);
      const { violations } = await (within ? builder.include(within) : builder).analyze();
      const told = violations.map(
        ({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.html}\n  ${node.failureSummary}`).join("\n")}`,
      );
      expect(told, "accessibility").toEqual([]);
    });
  },
});

/** Collects what a page must not do: errors in the console, uncaught ones, requests of ours that fail. */
function watchErrors(page: Page, origin: string): string[] {
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => errors.push(`uncaught: ${error.stack ?? error.message}`));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "";
    // Leaving a page ends what it was still loading, its event stream first of all.
    if (why === "net::ERR_ABORTED" || new URL(request.url()).origin !== origin) return;
    errors.push(`request: ${request.method()} ${request.url()} ${why}`);
  });
  page.on("response", (response) => {
    if (response.status() < 400 || new URL(response.url()).origin !== origin) return;
    errors.push(`response: ${response.status()} ${response.request().method()} ${response.url()}`);
  });
  return errors;
}
