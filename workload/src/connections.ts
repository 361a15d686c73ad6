/** Bounds how long clients keep a connection, so that those of long-lived connections reach new pods after a scale-out. */
import type { Socket } from "node:net";
import type { Settings } from "./config/settings.ts";

interface Use {
  /** Monotonic, in ms. */
  readonly endsAt: number;
  requests: number;
}

/** Connections that were opened together must not all be closed together. */
const spread = 0.1;

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
