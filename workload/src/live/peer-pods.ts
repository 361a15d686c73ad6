/** The other pods of the service, by tag: the only ones to which anything is forwarded. */
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { podTag } from "./pod-tag.ts";

export interface Peer {
  readonly tag: string;
  readonly address: string;
  readonly httpPort: number;
  readonly udpPort: number;
}

/** Rejects if it is not known now which pods there are. */
export type ResolvePeers = () => Promise<readonly Peer[]>;

export interface PeersOptions {
  /** Of this pod. */
  readonly ownTag: string;
  readonly resolve: ResolvePeers;
  /** In ms. */
  readonly now?: () => number;
}

/** Packets ask at most this often. */
const betweenMs = 1000;
/** A pod's address may soon be another's. */
const freshMs = 5000;
/** While the cluster's DNS does not answer. */
const staleMs = 30_000;

export class Peers {
  readonly ownTag: string;
  readonly #resolve: ResolvePeers;
  readonly #now: () => number;
  #byTag: ReadonlyMap<string, Peer> = new Map();
  #askedAt = Number.NEGATIVE_INFINITY;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #isAway = false;

  constructor({ ownTag, resolve, now = () => performance.now() }: PeersOptions) {
    this.ownTag = ownTag;
    this.#resolve = resolve;
    this.#now = now;
  }

  /** The pod with this tag as known now, for packets; asks again in the background. */
  find(tag: string): Peer | undefined {
    void this.#refresh();
    return this.#known.get(tag);
  }

  /** The pod with this tag, for requests; asks first. */
  async look(tag: string): Promise<Peer | undefined> {
    await this.#refresh();
    return this.#known.get(tag);
  }

  /** All other pods; asks first. */
  async all(): Promise<readonly Peer[]> {
    await this.#refresh();
    return [...this.#known.values()];
  }

  get #known(): ReadonlyMap<string, Peer> {
    if (this.#now() - this.#answeredAt > (this.#isAway ? staleMs : freshMs)) this.#byTag = new Map();
    return this.#byTag;
  }

  async #refresh(): Promise<void> {
    if (this.#asking === undefined && this.#now() - this.#askedAt > betweenMs) {
      this.#askedAt = this.#now();
      this.#asking = this.#ask().finally(() => {
        this.#asking = undefined;
      });
    }
    return this.#asking;
  }

  async #ask(): Promise<void> {
    try {
      const peers = await this.#resolve();
      this.#byTag = new Map(peers.filter(({ tag }) => tag !== this.ownTag).map((peer) => [peer.tag, peer]));
      this.#answeredAt = this.#now();
      this.#isAway = false;
    } catch {
      this.#isAway = true;
    }
  }
}

export interface DnsPeersOptions {
  readonly name: string;
  readonly httpPort: number;
  readonly udpPort: number;
}

/** The addresses of a name, such as a headless Service's, as pods whose ports are this one's. */
export function dnsPeers({ name, httpPort, udpPort }: DnsPeersOptions): ResolvePeers {
  return async () => {
    const own = new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)));
    const addresses = await lookup(name, { all: true }).catch((error: NodeJS.ErrnoException) => {
      // The name has no addresses.
      if (error.code === "ENOTFOUND") return [];
      throw error;
    });
    // Not ours, also if GPUMEDIA_POD_IP is wrong: a packet would be forwarded to this pod again and again.
    return addresses
      .filter(({ address }) => !own.has(address))
      .map(({ address }) => ({ tag: podTag(address), address, httpPort, udpPort }));
  };
}
