// The datasource form, found as people find it: by labels and names.

import { expect, type Locator, type Page } from "@playwright/test";

import { CREDENTIALS } from "./server.ts";

export const NEW_FORM = "/data/datasources/new?connector=autotask";

/** Opens a page of somebody who is signed in and waits until its script runs. */
export async function open(page: Page, path: string): Promise<void> {
  // The event stream is opened once the page is alive.
  await Promise.all([page.waitForRequest((request) => new URL(request.url()).pathname === "/events"), page.goto(path)]);
}

export class ConnectForm {
  readonly name: Locator;
  readonly userName: Locator;
  readonly secret: Locator;
  readonly integrationCode: Locator;
  readonly timeZone: Locator;
  readonly zone: Locator;
  readonly webAddress: Locator;
  readonly test: Locator;
  readonly save: Locator;
  /** The banner of a test that passed. */
  readonly connected: Locator;
  /** The banner of a test that did not. */
  readonly alert: Locator;
  /** What says that the browser filled in a field, and that nothing was tested. */
  readonly filledIn: Locator;

  constructor(readonly page: Page) {
    this.name = page.getByLabel("Name", { exact: true });
    this.userName = page.getByLabel("API user name (key)", { exact: true });
    this.secret = page.getByLabel("API secret", { exact: true });
    this.integrationCode = page.getByLabel("Integration code", { exact: true });
    this.timeZone = page.getByLabel("Time zone of the numbers");
    this.zone = page.getByLabel(/^Zone/);
    this.webAddress = page.getByLabel(/^Web address/);
    this.test = page.getByRole("button", { name: "Test connection" });
    this.save = page.getByRole("button", { name: "Save datasource" });
    this.connected = page.getByRole("status").filter({ hasText: "Connected" });
    this.alert = page.getByRole("alert");
    this.filledIn = page.getByRole("status").filter({ hasText: "Your browser filled in a field" });
  }

  /** Types the credentials that the simulated tenant accepts, and a name. */
  async fill(name: string, credentials = CREDENTIALS): Promise<void> {
    await this.name.fill(name);
    await this.fillCredentials(credentials);
  }

  async fillCredentials({ userName, secret, integrationCode } = CREDENTIALS): Promise<void> {
    await this.userName.fill(userName);
    await this.secret.fill(secret);
    await this.integrationCode.fill(integrationCode);
  }

  async openAdvanced(): Promise<void> {
    await this.page.getByText("Zone and web address").click();
    await expect(this.zone).toBeVisible();
  }

  /** The problem that stands at a field. */
  async expectProblem(field: Locator, message: string | RegExp): Promise<void> {
    await expect(field).toHaveAttribute("aria-invalid", "true");
    await expect(field).toHaveAccessibleDescription(message instanceof RegExp ? message : new RegExp(escape(message)));
  }

  /** A reader who cannot see the message appear has been taken to it. */
  async expectFocusOn(message: string): Promise<void> {
    await expect(this.page.locator(":focus")).toContainText(message);
  }
}

export const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
