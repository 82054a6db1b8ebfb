// A way to a server that can be cut, as networks are: what is open breaks off, and nothing new gets through.

import { connect, createServer, type Server as Listener, type Socket } from "node:net";

export class Relay {
  private listener?: Listener;
  private readonly open = new Set<Socket>();

  private constructor(
    private readonly target: number,
    private port: number,
  ) {}

  /** A way to the server at this address. */
  static async to(address: string): Promise<Relay> {
    const relay = new Relay(Number(new URL(address).port), 0);
    await relay.mend();
    return relay;
  }

  /** The address to open in the server's place. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Breaks off what is open and lets nothing through. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.listener?.close(resolve));
    for (const socket of this.open) socket.destroy();
    await closed;
    this.listener = undefined;
  }

  /** Lets everything through, at the same address as before. */
  async mend(): Promise<void> {
    const listener = createServer((near) => {
      const far = connect(this.target, "127.0.0.1");
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ]) {
        this.open.add(socket);
        // Either end may break off at any time.
        socket.on("error", () => {});
        socket.once("close", () => {
          this.open.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    await new Promise<void>((resolve, reject) => listener.once("error", reject).listen(this.port, "127.0.0.1", resolve));
    const at = listener.address();
    if (at === null || typeof at === "string") throw new Error("no port was given");
    this.port = at.port;
    this.listener = listener;
  }
}
