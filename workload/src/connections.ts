/** Which connections of clients to close, and when. */
import type { Server, Socket } from "node:net";
import type { Settings } from "./config/settings.ts";

interface Use {
  /** Monotonic, in ms. */
  readonly endsAt: number;
  requests: number;
}

/** Connections that were opened together must not all be closed together. */
const spread = 0.1;

/** Bounds how long clients keep a connection, so that those of long-lived connections reach new pods after a scale-out. */
export class Connections {
  readonly #maxAgeMs: number;
  readonly #maxRequests: number;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #uses = new WeakMap<Socket, Use>();

  constructor(
    { maxAgeMs, maxRequests }: Omit<Settings["connections"], "keepAliveMs">,
    { now = () => performance.now(), random = Math.random } = {},
  ) {
    this.#maxAgeMs = maxAgeMs === 0 ? Infinity : maxAgeMs;
    this.#maxRequests = maxRequests === 0 ? Infinity : maxRequests;
    this.#now = now;
    this.#random = random;
  }

  /** Counts a request; true if the connection should be closed after its response. The age starts with the first request. */
  isLast(socket: Socket): boolean {
    const use = this.#uses.get(socket) ?? this.#first(socket);
    use.requests += 1;
    return use.requests >= this.#maxRequests || this.#now() >= use.endsAt;
  }

  #first(socket: Socket): Use {
    const use = { endsAt: this.#now() + this.#maxAgeMs * (1 - spread * this.#random()), requests: 0 };
    this.#uses.set(socket, use);
    return use;
  }
}

/** The connections on which nothing has arrived yet. */
export class UnusedConnections {
  readonly #sockets = new Set<Socket>();

  constructor(server: Server) {
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /**
   * Browsers and undici open connections ahead of their requests. Node counts those as active, so that `closeIdleConnections()`
   * keeps them: a shutdown would wait for `drain.timeout` and then report requests in flight.
   */
  close(): void {
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
  }
}
