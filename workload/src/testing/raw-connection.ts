/** A TCP connection to send what no HTTP client would, and to read what comes back as it is. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export class RawConnection {
  readonly socket: Socket;
  /** All that has arrived. */
  received = "";
  /** When the server has closed, in order or not. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => (this.received += chunk.toString("latin1")));
    // A reset is one of the ways in which the server may end it.
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: false });
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  /** Resolves when it has left, or cannot leave any more. */
  async send(data: string | Uint8Array): Promise<void> {
    if (!this.socket.writable) return;
    await new Promise<void>((resolve) => this.socket.write(data, () => resolve()));
  }

  /** The status codes of the answers so far. */
  get statuses(): readonly number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  /** Waits for so many answers, or for the end of the connection. */
  async answers(count: number): Promise<readonly number[]> {
    while (this.statuses.length < count && !this.socket.destroyed) {
      await Promise.race([once(this.socket, "data").catch(() => undefined), this.closed]);
    }
    return this.statuses;
  }

  /** Ends it with a reset, as a client that crashes does. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}
