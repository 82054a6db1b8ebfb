// The simulated Autotask as tests see it: its switches, and a recorder that can stand before it.

import { createServer, type IncomingHttpHeaders } from "node:http";

/** The simulator's own calls; its README lists switches and calls. */
export class SimulatorControl {
  constructor(readonly url: string) {}

  /** Changes the switches that `patch` names. */
  async set(patch: Record<string, unknown>): Promise<void> {
    await this.call("POST", "switches", patch);
  }

  /** Back to a healthy service with an unused hour. */
  async reset(): Promise<void> {
    await this.call("DELETE", "switches");
    await this.call("DELETE", "log");
  }

  /** How many calls of the API have come since the last reset, zone discovery included. */
  async requests(): Promise<number> {
    return ((await this.call("GET", "log")) as { requests: number }).requests;
  }

  /** Writes a row as somebody in Autotask does, or deletes it. */
  async edit(change: { entity: string; row: Record<string, unknown> } | { entity: string; delete: number }): Promise<void> {
    await this.call("POST", "edit", change);
  }

  /** Rows of an entity, as Autotask has them. */
  async rows(entity: string): Promise<Record<string, unknown>[]> {
    return (await this.call("GET", `rows/${entity}`)) as Record<string, unknown>[];
  }

  private async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.url}/simulator/${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

/** Rows on their way from Autotask, which wait here until somebody lets them through. */
class Dam {
  private through: Set<string> | undefined;
  private waiting: { entity: string; go: () => void }[] = [];

  /** From now on the rows of every kind of record wait. */
  close(): void {
    this.through = new Set();
  }

  /** Lets the rows of these kinds of records through, those that wait and those to come; of all where none is named. */
  open(...entities: string[]): void {
    if (entities.length === 0) this.through = undefined;
    for (const entity of entities) this.through?.add(entity);
    const waiting = this.waiting;
    this.waiting = waiting.filter(({ entity }) => !this.lets(entity));
    for (const { entity, go } of waiting) if (this.lets(entity)) go();
  }

  /** Waits while what a request asks for is whole rows of a kind that is held back. */
  async pass(path: string, body: string): Promise<void> {
    const entity = /\/(\w+)\/query(\/next)?(\?|$)/.exec(path)?.[1];
    if (entity === undefined || body.includes("IncludeFields") || this.lets(entity)) return;
    await new Promise<void>((go) => this.waiting.push({ entity, go }));
  }

  private lets(entity: string): boolean {
    return this.through === undefined || this.through.has(entity);
  }
}

export interface Front {
  url: string;
  /** Holds rows back. */
  dam: Dam;
  /** The headers and the path of every request so far. */
  seen: { path: string; headers: IncomingHttpHeaders }[];
  /** The database number that zone discovery answers; the simulator's own when unset. */
  tenant?: number;
  stop(): Promise<void>;
}

/** Starts a recorder that hands every request on to the simulator at `target`. */
export async function startFront(target: string): Promise<Front> {
  const front: Front = { url: "", dam: new Dam(), seen: [], stop: async () => {} };
  const server = createServer(async (request, response) => {
    const path = request.url ?? "/";
    front.seen.push({ path, headers: request.headers });
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    await front.dam.pass(path, String(Buffer.concat(parts)));
    const { host, connection, "content-length": length, "accept-encoding": encoding, ...headers } = request.headers;
    const answer = await fetch(target + path, {
      method: request.method,
      headers: headers as Record<string, string>,
      body: parts.length > 0 ? Buffer.concat(parts) : undefined,
      redirect: "manual",
    });
    // The simulator names itself in zone and page addresses; to the server it is here.
    let text = (await answer.text()).replaceAll(target, front.url);
    if (front.tenant !== undefined && path.toLowerCase().includes("zoneinformation") && answer.ok) {
      text = JSON.stringify({ ...JSON.parse(text), ci: front.tenant });
    }
    const passed = [...answer.headers].filter(([name]) => !["content-length", "transfer-encoding", "connection"].includes(name));
    response.writeHead(answer.status, Object.fromEntries(passed)).end(text);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the recorder was given no port");
  front.url = `http://127.0.0.1:${address.port}`;
  front.stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return front;
}
