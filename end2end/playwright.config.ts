import { defineConfig, devices } from "@playwright/test";

const isRoot = process.getuid?.() === 0;

const chromium = {
  ...devices["Desktop Chrome"],
  channel: undefined,
  viewport: { width: 1440, height: 900 },
  launchOptions: {
    executablePath: process.env.TASKGAUGE_CHROMIUM || undefined,
    args: [
      // Chromium refuses to start its sandbox as root.
      ...(isRoot ? ["--no-sandbox"] : []),
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  },
};

const WITHOUT_SCRIPT = /\.noscript\.spec\.ts$/;

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  // Every worker has a server, a database and a tenant of its own; two cores carry one set.
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  // Tests measure what they promise by themselves; this one ends what hangs, on machines that are shared.
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: { screenshot: "only-on-failure", trace: "retain-on-failure", locale: "en-GB", timezoneId: "America/New_York" },
  projects: [
    { name: "desktop", testIgnore: WITHOUT_SCRIPT, use: chromium },
    { name: "no-script", testMatch: WITHOUT_SCRIPT, use: { ...chromium, javaScriptEnabled: false } },
  ],
});
