/** The open sessions, and which of them end by time. Pure: the caller passes the time. */
import type { SessionKind } from "./offer.ts";

export interface TimedSession {
  readonly id: string;
  readonly kind: SessionKind;
  /** Published, or watched; null for both ways at once, which has no name. */
  readonly stream: string | null;
  readonly openedAt: number;
  connected: boolean;
}

export interface Timeouts {
  readonly connectMs: number;
  readonly silentMs: number;
}

export interface Expiry<Session> {
  readonly session: Session;
  readonly reason: "never-connected" | "silent";
}

export class SessionTable<Session extends TimedSession> {
  readonly #sessions = new Map<string, Session>();

  get size(): number {
    return this.#sessions.size;
  }

  get all(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  add(session: Session): void {
    this.#sessions.set(session.id, session);
  }

  /** Whether it was there. */
  remove({ id }: Pick<TimedSession, "id">): boolean {
    return this.#sessions.delete(id);
  }

  find(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  count(kind: SessionKind): number {
    return this.all.filter((session) => session.kind === kind).length;
  }

  publisherOf(stream: string): Session | undefined {
    return this.all.find((session) => session.kind === "publish" && session.stream === stream);
  }

  viewersOf(stream: string): readonly Session[] {
    return this.all.filter((session) => session.kind === "view" && session.stream === stream);
  }

  /**
   * The sessions that end now. A WebRTC library may take a minute to notice that its peer has vanished, so that the silence of its
   * address decides; a client that is there checks the connection every 5 s or so (RFC 7675). `heardAt`: undefined before the first packet.
   */
  expired(
    now: number,
    { connectMs, silentMs }: Timeouts,
    heardAt: (session: Session) => number | undefined,
  ): readonly Expiry<Session>[] {
    return this.all.flatMap((session): readonly Expiry<Session>[] => {
      if (!session.connected) return now - session.openedAt > connectMs ? [{ session, reason: "never-connected" }] : [];
      return now - (heardAt(session) ?? session.openedAt) > silentMs ? [{ session, reason: "silent" }] : [];
    });
  }
}
