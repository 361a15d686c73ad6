/**
 * A session's way between the addresses of its client and its media process, which has one socket on loopback.
 *
 * An address belongs to the client once the media process has accepted a STUN request from there, which the client's password
 * authenticates. What the media process sends goes to the address that the client selected or last used: werift 0.25.2 keeps to the
 * first one for ever, but a balancer may move a client in mid-stream, and a phone changes its network.
 */
import { createSocket, type Socket } from "node:dgram";
import { readStun, type BindingRequest } from "./stun.ts";

const loopback = "127.0.0.1";
const bufferBytes = 1024 * 1024;
/** A browser tries from each of its networks, and a balancer moves it to others. */
const mostAddresses = 8;
/** Without an answer yet; a client repeats its request. */
const mostPending = 64;

export interface Address {
  readonly address: string;
  readonly port: number;
}

export function keyOf({ address, port }: Address): string {
  return `${address} ${port}`;
}

/** Where packets of an address go. */
export interface AddressOwner {
  /** A packet that is no STUN request. */
  packet(packet: Buffer, from: Address): void;
  /** The address belongs to another now. */
  forget(address: Address): void;
}

export interface UdpSessionOptions {
  /** Of the media process. */
  readonly port: number;
  readonly send: (packet: Buffer, to: Address) => void;
  /** The client has this address: its packets come here from now on. */
  readonly claim: (address: Address, owner: AddressOwner) => void;
  /** The client has it no longer. */
  readonly release: (address: Address, owner: AddressOwner) => void;
  /** In ms. */
  readonly now: () => number;
}

interface Pending {
  readonly from: Address;
  readonly nominates: boolean;
}

export class UdpSession implements AddressOwner {
  readonly #options: UdpSessionOptions;
  readonly #socket: Socket;
  /** Those of the client, the latest last. */
  readonly #addresses = new Map<string, Address>();
  readonly #pending = new Map<string, Pending>();
  #current: Address | undefined;
  #heardAt: number | undefined;

  constructor(options: UdpSessionOptions) {
    this.#options = options;
    this.#socket = createSocket({ type: "udp4", recvBufferSize: bufferBytes });
    // The media process may have ended.
    this.#socket.on("error", () => undefined);
    this.#socket.on("message", (packet, { port }) => {
      // Only the session's own media process may send to its client.
      if (port === options.port) this.#fromMedia(packet);
    });
    this.#socket.bind(0, loopback);
  }

  /** When the client's last packet came, in ms; undefined before the first. */
  get heardAt(): number | undefined {
    return this.#heardAt;
  }

  request(packet: Buffer, from: Address, { transaction, nominates }: BindingRequest): void {
    const [oldest] = this.#pending.keys();
    if (this.#pending.size >= mostPending && oldest !== undefined) this.#pending.delete(oldest);
    this.#pending.set(transaction, { from, nominates });
    this.#toMedia(packet);
  }

  packet(packet: Buffer, from: Address): void {
    this.#current = from;
    this.#heardAt = this.#options.now();
    this.#toMedia(packet);
  }

  forget(address: Address): void {
    this.#addresses.delete(keyOf(address));
    if (this.#current !== undefined && keyOf(this.#current) === keyOf(address)) this.#current = undefined;
  }

  close(): void {
    for (const address of this.#addresses.values()) this.#options.release(address, this);
    this.#socket.close();
  }

  #toMedia(packet: Buffer): void {
    this.#socket.send(packet, this.#options.port, loopback);
  }

  #fromMedia(packet: Buffer): void {
    const stun = readStun(packet);
    if (stun?.kind !== "response") {
      if (this.#current !== undefined) this.#options.send(packet, this.#current);
      return;
    }
    const pending = this.#pending.get(stun.transaction);
    if (pending === undefined) return;
    this.#pending.delete(stun.transaction);
    if (stun.succeeded) this.#accept(pending);
    this.#options.send(packet, pending.from);
  }

  #accept({ from, nominates }: Pending): void {
    this.#heardAt = this.#options.now();
    const key = keyOf(from);
    this.#addresses.delete(key);
    this.#addresses.set(key, from);
    this.#options.claim(from, this);
    if (nominates || this.#current === undefined) this.#current = from;
    if (this.#addresses.size <= mostAddresses) return;
    const unused = [...this.#addresses.values()].find((address) => address !== this.#current);
    if (unused === undefined) return;
    this.#addresses.delete(keyOf(unused));
    this.#options.release(unused, this);
  }
}
