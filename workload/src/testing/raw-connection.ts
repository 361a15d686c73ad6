/** A TCP connection, to send what no HTTP client would send and to read the raw responses. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export class RawConnection {
  readonly socket: Socket;
  /** Everything received so far. */
  received = "";
  /** Resolves when the connection is closed, gracefully or by a reset. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => (this.received += chunk.toString("latin1")));
    // A reset is a valid way for the server to close the connection.
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: false });
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  /** Resolves when the data has been written, or cannot be any more. */
  async send(data: string | Uint8Array): Promise<void> {
    if (!this.socket.writable) return;
    await new Promise<void>((resolve) => this.socket.write(data, () => resolve()));
  }

  /** The status codes of the responses so far. */
  get statuses(): readonly number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  /** Waits for `count` responses, or until the connection is closed. */
  async responses(count: number): Promise<readonly number[]> {
    while (this.statuses.length < count && !this.socket.destroyed) {
      await Promise.race([once(this.socket, "data").catch(() => undefined), this.closed]);
    }
    return this.statuses;
  }

  /** Resets the connection, as a client that crashes does. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}
