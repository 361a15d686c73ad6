/**
 * One UDP port for all sessions, each of which has a media process that listens on loopback only.
 *
 *   client ⇄ public port ⇄ one loopback socket per client ⇄ media process
 *
 * A client's first packet is a STUN request with our ufrag, which names the session; from then on its address does. The media process
 * authenticates the request. A client that moves to another address starts again with a STUN request, without signalling.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { ufragOf } from "./stun.ts";

const loopback = "127.0.0.1";
/** Some frames of all sessions, while the main thread is busy. */
const bufferBytes = 4 * 1024 * 1024;
/** A browser tries from each of its networks; more than that are attempts to use up sockets. */
const mostClientsPerSession = 8;

interface Session {
  readonly ufrag: string;
  readonly port: number;
  readonly clients: Set<Client>;
  heardAt: number | undefined;
}

interface Client {
  readonly key: string;
  readonly session: Session;
  readonly socket: Socket;
  heardAt: number;
}

export class UdpMux {
  readonly #front: Socket;
  readonly #now: () => number;
  readonly #sessions = new Map<string, Session>();
  readonly #clients = new Map<string, Client>();

  private constructor(front: Socket, now: () => number) {
    this.#front = front;
    this.#now = now;
    // A client's host may answer "port unreachable" after it has left.
    front.on("error", () => undefined);
    front.on("message", (packet, from) => this.#arrived(packet, from));
  }

  /** `port`: 0 selects a free one. Rejects if the port cannot be used. */
  static async listen(port: number, now: () => number): Promise<UdpMux> {
    try {
      return new UdpMux(await bound("udp6", port), now);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAFNOSUPPORT") throw error;
      return new UdpMux(await bound("udp4", port), now);
    }
  }

  get port(): number {
    return this.#front.address().port;
  }

  /** `port`: of the media process. */
  add(ufrag: string, port: number): void {
    this.#sessions.set(ufrag, { ufrag, port, clients: new Set(), heardAt: undefined });
  }

  remove(ufrag: string): void {
    const session = this.#sessions.get(ufrag);
    if (session === undefined) return;
    this.#sessions.delete(ufrag);
    for (const client of session.clients) this.#drop(client);
  }

  /** When the last packet of the session's client came; undefined before the first. */
  heardAt(ufrag: string): number | undefined {
    return this.#sessions.get(ufrag)?.heardAt;
  }

  async close(): Promise<void> {
    for (const ufrag of this.#sessions.keys()) this.remove(ufrag);
    await new Promise<void>((resolve) => this.#front.close(resolve));
  }

  #arrived(packet: Buffer, from: RemoteInfo): void {
    const key = `${from.address} ${from.port}`;
    const ufrag = ufragOf(packet);
    let client = this.#clients.get(key);
    // A new client, or an address that another session had.
    if (ufrag !== null && client?.session.ufrag !== ufrag) {
      const session = this.#sessions.get(ufrag);
      if (session === undefined) return;
      if (client !== undefined) this.#drop(client);
      client = this.#open(session, key, from);
    }
    if (client === undefined) return;
    client.heardAt = this.#now();
    client.session.heardAt = client.heardAt;
    client.socket.send(packet, client.session.port, loopback);
  }

  #open(session: Session, key: string, { address, port }: RemoteInfo): Client {
    if (session.clients.size >= mostClientsPerSession) {
      const [oldest] = [...session.clients].toSorted((a, b) => a.heardAt - b.heardAt);
      if (oldest !== undefined) this.#drop(oldest);
    }
    const socket = createSocket({ type: "udp4", recvBufferSize: 1024 * 1024 });
    const client: Client = { key, session, socket, heardAt: this.#now() };
    socket.on("error", () => this.#drop(client));
    socket.on("message", (packet, { port: sender }) => {
      // Only the session's own media process may send to its client.
      if (sender === session.port) this.#front.send(packet, port, address);
    });
    socket.bind(0, loopback);
    session.clients.add(client);
    this.#clients.set(key, client);
    return client;
  }

  #drop(client: Client): void {
    if (!client.session.clients.delete(client)) return;
    this.#clients.delete(client.key);
    client.socket.close();
  }
}

async function bound(type: "udp4" | "udp6", port: number): Promise<Socket> {
  const socket = createSocket({ type, recvBufferSize: bufferBytes, sendBufferSize: bufferBytes });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, () => {
      socket.off("error", reject);
      resolve();
    });
  });
  return socket;
}
