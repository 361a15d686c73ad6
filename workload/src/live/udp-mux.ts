/**
 * One UDP port for all sessions, each of which has a media process that listens on loopback only.
 *
 *   client ⇄ public port ⇄ one loopback socket per session ⇄ media process
 *
 * A STUN request names the session by our ufrag, and its media process authenticates it; from then on the address that it came from
 * does. A client that comes from another address sends a STUN request from there, without signalling. Packets of sessions that other
 * pods own are forwarded to them.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv4 } from "node:net";
import type { Peers } from "./peer-pods.ts";
import { readStun } from "./stun.ts";
import { UdpForwards } from "./udp-forwards.ts";
import { keyOf, UdpSession, type Address, type AddressOwner, type UdpSessionOptions } from "./udp-session.ts";

/** Some frames of all sessions, while the main thread is busy. */
const bufferBytes = 4 * 1024 * 1024;

export interface UdpMuxOptions {
  /** In ms. */
  readonly now: () => number;
  /** The address to listen on. Undefined: all. */
  readonly host?: string | undefined;
  /** Undefined: nothing is forwarded. */
  readonly peers?: Peers | undefined;
}

export class UdpMux {
  readonly #front: Socket;
  readonly #now: () => number;
  readonly #sessions = new Map<string, UdpSession>();
  readonly #owners = new Map<string, AddressOwner>();

  readonly #forwards: UdpForwards | undefined;

  private constructor(front: Socket, { now, peers }: UdpMuxOptions) {
    this.#front = front;
    this.#now = now;
    this.#forwards = peers && new UdpForwards({ ...this.#addressing, now, peers });
    // A client's host may answer "port unreachable" after it has left.
    front.on("error", () => undefined);
    front.on("message", (packet, from) => this.#arrived(packet, from));
  }

  /** `port`: 0 selects a free one. Rejects if the port cannot be used. */
  static async listen(port: number, options: UdpMuxOptions): Promise<UdpMux> {
    const { host } = options;
    if (host !== undefined) return new UdpMux(await bound(isIPv4(host) ? "udp4" : "udp6", port, host), options);
    try {
      return new UdpMux(await bound("udp6", port), options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAFNOSUPPORT") throw error;
      return new UdpMux(await bound("udp4", port), options);
    }
  }

  get port(): number {
    return this.#front.address().port;
  }

  /** `port`: of the media process. */
  add(ufrag: string, port: number): void {
    this.#sessions.set(ufrag, new UdpSession({ ...this.#addressing, port, now: this.#now }));
  }

  /** The session has this ufrag, too: its client restarts ICE. `before` stays until the next restart, for requests that are on their way. */
  restart(before: string, ufrag: string): void {
    const session = this.#sessions.get(before);
    if (session === undefined) return;
    for (const each of this.#ufragsOf(session)) if (each !== before) this.#sessions.delete(each);
    this.#sessions.set(ufrag, session);
  }

  remove(ufrag: string): void {
    const session = this.#sessions.get(ufrag);
    if (session === undefined) return;
    session.close();
    for (const each of this.#ufragsOf(session)) this.#sessions.delete(each);
  }

  /** When the last packet of the session's client came; undefined before the first. */
  heardAt(ufrag: string): number | undefined {
    return this.#sessions.get(ufrag)?.heardAt;
  }

  /** Clients whose packets are forwarded to other pods. */
  get forwarded(): number {
    return this.#forwards?.size ?? 0;
  }

  /** Ends the forwarding for clients that have gone. */
  sweep(): void {
    this.#forwards?.sweep();
  }

  async close(): Promise<void> {
    this.#forwards?.close();
    for (const ufrag of this.#sessions.keys()) this.remove(ufrag);
    await new Promise<void>((resolve) => this.#front.close(resolve));
  }

  #ufragsOf(session: UdpSession): readonly string[] {
    return [...this.#sessions].filter(([, each]) => each === session).map(([ufrag]) => ufrag);
  }

  #arrived(packet: Buffer, from: RemoteInfo): void {
    const stun = readStun(packet);
    if (stun?.kind !== "request") return this.#owners.get(keyOf(from))?.packet(packet, from);
    (this.#sessions.get(stun.ufrag) ?? this.#forwards)?.request(packet, from, stun);
  }

  get #addressing(): Pick<UdpSessionOptions, "send" | "claim" | "release"> {
    return {
      send: (packet, to) => this.#front.send(packet, to.port, to.address),
      claim: (address, owner) => this.#claim(address, owner),
      release: (address, owner) => this.#release(address, owner),
    };
  }

  #claim(address: Address, owner: AddressOwner): void {
    const key = keyOf(address);
    const before = this.#owners.get(key);
    if (before !== owner) before?.forget(address);
    this.#owners.set(key, owner);
  }

  #release(address: Address, owner: AddressOwner): void {
    const key = keyOf(address);
    if (this.#owners.get(key) === owner) this.#owners.delete(key);
  }
}

async function bound(type: "udp4" | "udp6", port: number, host?: string): Promise<Socket> {
  const socket = createSocket({ type, recvBufferSize: bufferBytes, sendBufferSize: bufferBytes });
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once("error", fail);
    socket.bind(port, host, () => {
      socket.off("error", fail);
      resolve();
    });
  });
  return socket;
}
