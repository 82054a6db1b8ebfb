// A Taskgauge and a simulated Autotask of their own, on free ports and in a folder that goes with them.

import { type ChildProcess, spawn } from "node:child_process";
import { chmod, copyFile, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { type Front, SimulatorControl, startFront } from "./simulator.ts";

const BINARY = process.env.TASKGAUGE_BINARY ?? join(import.meta.dirname, "../../target/debug/taskgauge");

/** Starting makes a database cluster, which a busy machine draws out. */
const START_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 30_000;

/** What the simulated tenant accepts. It protects nothing but invented tickets. */
export const CREDENTIALS = {
  userName: "api@northwind-msp.example",
  secret: "S1mulated-$ecret&",
  integrationCode: "NWMSPSIMULATEDTRACKINGID027",
};

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Server {
  /** The address of the page, without a slash at the end. */
  url: string;
  /** The one-time link that makes the first admin. */
  signInLink: string;
  /** The simulated Autotask. */
  simulator: SimulatorControl;
  /** What stands before it, where it was asked for. */
  front?: Front;
  /** The private data directory. */
  dataDir: string;
  /** Runs `taskgauge` with these arguments on the same data; `input` is its standard input. */
  cli(args: string[], options?: { env?: Record<string, string>; input?: string }): Promise<Answer>;
  /** What the server has written so far, for tests that look for secrets in it. */
  log(): string;
  /** Stops the program and starts it again with the same data at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

/** A program that runs in the background, with all it wrote. */
class Service {
  output = "";
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private exit: string | undefined;

  constructor(
    private readonly name: string,
    args: string[],
    env: NodeJS.ProcessEnv,
    program = BINARY,
  ) {
    // In a group of its own, Ctrl-C reaches it through the end of the test run, which lets it finish in order.
    this.child = spawn(program, args, { env, cwd: dirname(program), detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.on("data", (data) => (this.output += data));
    this.child.stderr?.on("data", (data) => (this.output += data));
    this.ended = new Promise((resolve) => {
      this.child.once("error", (error) => resolve(void (this.exit = error.message)));
      this.child.once("close", (code, signal) => resolve(void (this.exit = `${signal ?? `code ${code}`}`)));
    });
  }

  /** Waits until `probe` answers with something; fails if the program ends first. */
  async until<T>(what: string, probe: () => T | undefined | Promise<T | undefined>): Promise<T> {
    const limit = Date.now() + START_LIMIT_MS;
    while (Date.now() < limit) {
      const found = await probe();
      if (found !== undefined) return found;
      if (this.exit !== undefined) break;
      await pause(50);
    }
    const why = this.exit === undefined ? `took longer than ${START_LIMIT_MS / 1000} s` : `ended with ${this.exit}`;
    const output = this.output;
    await this.stop();
    throw new Error(`${this.name} ${why} before ${what}:\n${output}`);
  }

  async stop(): Promise<void> {
    if (this.exit === undefined) this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(late);
  }
}

const listens = (port: number) =>
  new Promise<true | undefined>((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(undefined));
    socket.once("connect", () => socket.destroy());
  });

/** Starts a simulated Autotask on a free port. */
async function startSimulator(args: string[]): Promise<{ service: Service; url: string }> {
  const port = await freePort();
  const service = new Service("the simulator", ["simulator", "--port", String(port), ...args], process.env);
  await service.until("it listened", () => listens(port));
  return { service, url: `http://127.0.0.1:${port}` };
}

export interface Setup {
  /** Added to the arguments of the simulator. */
  simulatorArgs?: string[];
  /** Puts a recorder between the server and the simulator. */
  front?: boolean;
}

/** Starts both and waits until the page answers. */
export async function startServer({ simulatorArgs = ["--size", "small"], front = false }: Setup = {}): Promise<Server> {
  const dataDir = await mkdtemp(join(tmpdir(), "taskgauge-end2end-"));
  // As root, the private Postgres runs as somebody else, who has to get into the folder.
  await chmod(dataDir, 0o755);
  // The one file alone, away from the workspace: nothing that it needs may lie beside it.
  const program = join(await mkdtemp(join(tmpdir(), "taskgauge-program-")), "taskgauge");
  await copyFile(BINARY, program);
  const simulator = await startSimulator(simulatorArgs);
  const recorder = front ? await startFront(simulator.url) : undefined;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    TASKGAUGE_ADDR: `127.0.0.1:${port}`,
    TASKGAUGE_DATA_DIR: dataDir,
    TASKGAUGE_AUTOTASK_URL: recorder?.url ?? simulator.url,
  };
  // These tests never touch a database that they did not make.
  delete env.DATABASE_URL;

  const stopAll = async (service?: Service) => {
    await service?.stop();
    await recorder?.stop();
    await simulator.service.stop();
    for (const folder of [dataDir, dirname(program)]) await rm(folder, { recursive: true, force: true });
  };
  const serve = () => new Service("taskgauge serve", ["serve"], env, program);
  const listening = (service: Service) => service.until("it listened", () => /Listening on /.exec(service.output)?.[0]);
  let service = serve();
  let written = "";
  let signInLink: string;
  try {
    signInLink = await service.until("it gave a sign-in link", () => /\S+\/welcome\?token=\S+/.exec(service.output)?.[0]);
    await listening(service);
  } catch (error) {
    await stopAll(service);
    throw error;
  }

  return {
    url,
    signInLink,
    simulator: new SimulatorControl(simulator.url),
    front: recorder,
    dataDir,
    log: () => written + service.output,
    restart: async () => {
      await service.stop();
      written += service.output;
      service = serve();
      await listening(service);
    },
    stop: () => stopAll(service),
    cli: (args, options = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(program, args, { env: { ...env, ...options.env }, cwd: dirname(program) });
        const answer: Answer = { code: -1, stdout: "", stderr: "" };
        child.stdout.on("data", (data) => (answer.stdout += data));
        child.stderr.on("data", (data) => (answer.stderr += data));
        child.once("error", reject);
        child.once("close", (code) => resolve({ ...answer, code: code ?? -1 }));
        // A command that ends without reading closes the pipe.
        child.stdin.on("error", () => {});
        child.stdin.end(options.input ?? "");
      }),
  };
}
