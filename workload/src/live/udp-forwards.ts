/**
 * Packets of clients whose sessions other pods own: a balancer sent them here.
 *
 *   client ⇄ public port ⇄ one socket per client ⇄ public port of the pod that owns the session
 *
 * The other pod sees a client at an address of this pod, and authenticates it. A flow is cheap to open, for whoever has seen a ufrag:
 * those that the other pod has not accepted are few and short-lived.
 */
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { tagOf } from "./pod-tag.ts";
import type { Peer, Peers } from "./peer-pods.ts";
import { readStun, type BindingRequest } from "./stun.ts";
import { keyOf, type Address, type AddressOwner } from "./udp-session.ts";

const bufferBytes = 1024 * 1024;
/** A client's consent checks come every 5 s or so (RFC 7675). */
const idleMs = 15_000;
const unacceptedMs = 5000;
const most = { flows: 1024, unaccepted: 64, ofSession: 8, waiting: 64 } as const;

export interface UdpForwardsOptions {
  readonly peers: Pick<Peers, "find" | "look" | "ownTag">;
  readonly send: (packet: Buffer, to: Address) => void;
  readonly claim: (address: Address, owner: AddressOwner) => void;
  readonly release: (address: Address, owner: AddressOwner) => void;
  /** In ms. */
  readonly now: () => number;
}

export class UdpForwards {
  readonly #options: UdpForwardsOptions;
  /** By ufrag and the client's address. */
  readonly #flows = new Map<string, Flow>();
  /** Requests that wait for the addresses of the pods. */
  #waiting = 0;
  #isClosed = false;

  constructor(options: UdpForwardsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#flows.size;
  }

  /** A STUN request for a session that is not here. */
  request(packet: Buffer, from: Address, { ufrag }: BindingRequest): void {
    const { peers } = this.#options;
    const tag = tagOf(ufrag);
    if (tag === undefined || tag === peers.ownTag) return;
    const peer = peers.find(tag);
    if (peer !== undefined) return this.#forward(packet, { ufrag, peer, client: from });
    // A client that was moved here repeats its request after seconds only: the answer may be old again by then.
    if (this.#waiting >= most.waiting) return;
    this.#waiting++;
    void peers.look(tag).then((found) => {
      this.#waiting--;
      if (found !== undefined && !this.#isClosed) this.#forward(packet, { ufrag, peer: found, client: from });
    });
  }

  /** Closes flows that are no longer used, and those whose pod has gone. */
  sweep(): void {
    const now = this.#options.now();
    for (const flow of this.#flows.values()) {
      const { tag, address } = flow.peer;
      const isThere = this.#options.peers.find(tag)?.address === address;
      if (!isThere || now - flow.heardAt > (flow.isAccepted ? idleMs : unacceptedMs)) flow.close();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const flow of this.#flows.values()) flow.close();
  }

  #forward(packet: Buffer, route: FlowRoute): void {
    const key = `${route.ufrag} ${keyOf(route.client)}`;
    const flow = this.#flows.get(key) ?? this.#open(key, route);
    flow?.forward(packet);
  }

  #open(key: string, route: FlowRoute): Flow | undefined {
    this.#makeSpace(route.ufrag);
    if (this.#flows.size >= most.flows) return undefined;
    const flow = new Flow(route, this.#options, () => this.#flows.delete(key));
    this.#flows.set(key, flow);
    return flow;
  }

  #makeSpace(ufrag: string): void {
    const flows = [...this.#flows.values()];
    const unaccepted = flows.filter(({ isAccepted }) => !isAccepted);
    if (unaccepted.length >= most.unaccepted) unaccepted[0]?.close();
    const same = flows.filter(({ route }) => route.ufrag === ufrag).toSorted((a, b) => a.heardAt - b.heardAt);
    if (same.length >= most.ofSession) same[0]?.close();
  }
}

interface FlowRoute {
  readonly ufrag: string;
  readonly peer: Peer;
  readonly client: Address;
}

class Flow implements AddressOwner {
  readonly route: FlowRoute;
  readonly #options: UdpForwardsOptions;
  readonly #onClose: () => void;
  readonly #socket: Socket;
  /** Whether the other pod has accepted a request of the client. */
  isAccepted = false;
  heardAt: number;
  #isOpen = true;

  constructor(route: FlowRoute, options: UdpForwardsOptions, onClose: () => void) {
    this.route = route;
    this.#options = options;
    this.#onClose = onClose;
    this.heardAt = options.now();
    const { address, udpPort } = route.peer;
    this.#socket = createSocket({ type: isIPv6(address) ? "udp6" : "udp4", recvBufferSize: bufferBytes });
    // The pod may have gone.
    this.#socket.on("error", () => this.close());
    this.#socket.on("message", (packet, from) => {
      if (from.address === address && from.port === udpPort) this.#fromPeer(packet);
    });
  }

  get peer(): Peer {
    return this.route.peer;
  }

  forward(packet: Buffer): void {
    this.heardAt = this.#options.now();
    const { address, udpPort } = this.route.peer;
    this.#socket.send(packet, udpPort, address);
  }

  packet(packet: Buffer): void {
    this.forward(packet);
  }

  /** The client has another session at this address now. */
  forget(): void {
    this.close();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#options.release(this.route.client, this);
    this.#socket.close();
    this.#onClose();
  }

  #fromPeer(packet: Buffer): void {
    const stun = readStun(packet);
    if (stun?.kind === "response" && stun.succeeded && !this.isAccepted) {
      this.isAccepted = true;
      this.#options.claim(this.route.client, this);
    }
    if (this.isAccepted || stun?.kind === "response") this.#options.send(packet, this.route.client);
  }
}
