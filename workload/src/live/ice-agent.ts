/** Our side of ICE (RFC 8445) in a media process: who may ask, and restarts. As a lite agent it only answers. */
import { randomBytes } from "node:crypto";
import type { RTCIceTransport } from "werift";
import { isAuthentic } from "./stun-integrity.ts";

type Connection = RTCIceTransport["connection"];

/** What werift 0.25.2 declares private, or not at all. */
interface Internals {
  readonly protocols: readonly { datagramReceived: (packet: Buffer, from: readonly [string, number]) => void }[];
  /** Passwords by ufrag, with which answers are signed. */
  readonly userHistory: Record<string, string>;
}

export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

export class IceAgent {
  readonly #connection: Connection;
  readonly #newUfrag: () => string;
  /** By ufrag: those of now and those before the last restart, which checks on their way still have. */
  #passwords: ReadonlyMap<string, string>;

  /** `newUfrag`: decides which session a packet belongs to; werift's own has 16 bits. Call before the answer is made. */
  constructor(connection: Connection, newUfrag: () => string) {
    this.#connection = connection;
    this.#newUfrag = newUfrag;
    connection.localUsername = newUfrag();
    this.#passwords = new Map([[connection.localUsername, connection.localPassword]]);
  }

  /**
   * Lets requests through that were made with our password, and no others: werift 0.25.2 answers all of them, so that anyone who has seen
   * a ufrag could have the video sent elsewhere. Call when the sockets are open.
   */
  guard(): void {
    for (const protocol of this.#internals.protocols) {
      const receive = protocol.datagramReceived.bind(protocol);
      protocol.datagramReceived = (packet, from) => {
        if (isAuthentic(packet, (ufrag) => this.#passwords.get(ufrag))) receive(packet, from);
      };
    }
  }

  /** Takes the client's new credentials, and returns ours. The connection goes on: nothing of DTLS or SRTP changes. */
  restart(client: IceCredentials): IceCredentials {
    const connection = this.#connection;
    const before = [connection.localUsername, connection.localPassword] as const;
    connection.localUsername = this.#newUfrag();
    connection.localPassword = randomBytes(16).toString("hex");
    const { localUsername: ufrag, localPassword: password } = connection;
    this.#passwords = new Map([before, [ufrag, password]]);
    for (const [each, its] of this.#passwords) this.#internals.userHistory[each] = its;
    connection.setRemoteParams({ iceLite: false, usernameFragment: client.ufrag, password: client.password });
    return { ufrag, password };
  }

  get #internals(): Internals {
    return this.#connection as unknown as Internals;
  }
}
