// A browser that has a login saved for the server's address, as somebody's own browser would.

import { createCipheriv, pbkdf2Sync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type BrowserContext, chromium, type LaunchOptions, type Page } from "@playwright/test";
import sqlite from "node-sqlite3-wasm";

/** What the browser has saved, and what must never be stored by Taskgauge. */
export const SAVED = { userName: "ada.saved@northwind-msp.example", password: "Saved-by-the-browser-1" };

/** Seconds from 1601, where Chromium counts from, to 1970. */
const CHROMIUM_EPOCH_S = 11_644_473_600n;

export interface Profile {
  folder: string;
  launch(): Promise<BrowserContext>;
  remove(): Promise<void>;
}

/** Makes a profile with a login saved for `origin`. */
export async function profileWithLogin(origin: string, options: LaunchOptions): Promise<Profile> {
  const folder = await mkdtemp(join(tmpdir(), "taskgauge-profile-"));
  const profile: Profile = {
    folder,
    launch: () =>
      chromium.launchPersistentContext(folder, {
        executablePath: options.executablePath,
        headless: true,
        // Automation switches the password manager off.
        ignoreDefaultArgs: ["--enable-automation"],
        args: [...(options.args ?? []), "--password-store=basic"],
        baseURL: origin,
        viewport: { width: 1440, height: 900 },
      }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  // The first start makes the database of logins.
  const context = await profile.launch();
  await (await context.newPage()).goto(`${origin}/healthz`);
  await context.close();
  save(join(folder, "Default", "Login Data"), `${origin}/`);
  return profile;
}

function save(database: string, realm: string): void {
  const db = new sqlite.Database(database);
  try {
    const now = (BigInt(Math.floor(Date.now() / 1_000)) + CHROMIUM_EPOCH_S) * 1_000_000n;
    const known: Record<string, unknown> = {
      origin_url: realm,
      signon_realm: realm,
      username_value: SAVED.userName,
      password_value: sealed(SAVED.password),
      date_created: now,
      date_last_used: now,
      date_password_modified: now,
      times_used: 1,
    };
    const columns = db.all("pragma table_info(logins)") as { name: string; type: string; notnull: number; pk: number }[];
    const written = columns.filter(({ name, notnull, pk }) => name in known || (notnull && !pk));
    const values = written.map(({ name, type }) => known[name] ?? (/int/i.test(type) ? 0 : /blob/i.test(type) ? new Uint8Array() : ""));
    const names = written.map(({ name }) => name).join(", ");
    db.run(`insert into logins (${names}) values (${written.map(() => "?").join(", ")})`, values as never);
  } finally {
    db.close();
  }
}

/** As Chromium seals passwords on Linux where no keyring is used. */
function sealed(password: string): Uint8Array {
  const key = pbkdf2Sync("peanuts", "saltysalt", 1, 16, "sha1");
  const cipher = createCipheriv("aes-128-cbc", key, Buffer.alloc(16, " "));
  return new Uint8Array(Buffer.concat([Buffer.from("v10"), cipher.update(password, "utf8"), cipher.final()]));
}

/** How an input looked, seen from inside the page. */
export interface Look {
  id: string;
  /** Whether the browser shows a saved value in it, readable by scripts or not. */
  filled: boolean;
  value: string;
}

const WATCH = "inputs: ";

/**
 * Makes every page tell what its inputs hold, in the console and by itself: asking the page from outside counts as a
 * gesture of the person, and that alone opens filled-in values to scripts.
 */
export async function watchInputs(context: BrowserContext): Promise<void> {
  await context.addInitScript(
    ([mark]) => {
      const looks = () =>
        [...document.querySelectorAll<HTMLInputElement>("input:not([type=hidden])")].map((input) => ({
          id: input.id,
          filled: input.matches(":autofill"),
          value: input.value,
        }));
      let same = 0;
      let last = "";
      setInterval(() => {
        const now = JSON.stringify(looks());
        same = now === last ? same + 1 : 0;
        last = now;
        // A fill comes a tenth of a second after the fields; two seconds without a change are the end of it.
        if (same === 20) console.log(mark + now);
      }, 100);
    },
    [WATCH],
  );
}

/** What the inputs hold once nothing has changed them for two seconds. */
export async function settledInputs(page: Page): Promise<Look[]> {
  const told = await page.waitForEvent("console", (message) => message.text().startsWith(WATCH));
  return JSON.parse(told.text().slice(WATCH.length));
}
