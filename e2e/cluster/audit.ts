/** The requests that the API server received, read from its audit log: the only place where all can be counted. */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { until, type See, type UntilOptions } from "./until.ts";

/** A request at its latest stage in the log; the fields that we read of `Event` (audit.k8s.io/v1). */
export interface AuditEvent {
  readonly auditID: string;
  /** Only an answered request has a `responseStatus`. */
  readonly stage: "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent: string;
  readonly user: { readonly username: string; readonly groups?: readonly string[] };
  /** Absent when no resource is requested: discovery, `/version`. */
  readonly objectRef?: {
    readonly resource: string;
    readonly apiGroup?: string;
    readonly apiVersion?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code: number; readonly reason?: string; readonly message?: string };
  /** RFC 3339 with microseconds. */
  readonly requestReceivedTimestamp: string;
  /** When it reached this stage. */
  readonly stageTimestamp: string;
}

/** All given fields must match. */
export interface AuditFilter {
  readonly user?: string;
  readonly userAgent?: string | RegExp;
  readonly verb?: string | readonly string[];
  readonly resource?: string;
  /** "" is the core group. */
  readonly apiGroup?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** "" is the object itself. */
  readonly subresource?: string;
  readonly code?: number;
  /** Received at or after this, in milliseconds since 1970. */
  readonly since?: number;
}

/** The verbs of writes, successful or not. */
export const writeVerbs = ["create", "update", "patch", "delete", "deletecollection"] as const;

const chunkBytes = 1024 * 1024;

export class AuditLog {
  readonly #file: string;
  #offset = 0;
  #rest: Buffer = Buffer.alloc(0);
  readonly #events = new Map<string, AuditEvent>();

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * One event per request, in the order of their first stages. A write is in the log before it is answered; a read may appear
   * a moment after its answer, so wait for it.
   */
  get events(): readonly AuditEvent[] {
    this.#read();
    return [...this.#events.values()];
  }

  requests(filter: AuditFilter): readonly AuditEvent[] {
    return this.events.filter((event) => matchesFilter(event, filter));
  }

  async waitFor(isWanted: AuditFilter | ((event: AuditEvent) => boolean), options?: UntilOptions): Promise<AuditEvent> {
    const test = typeof isWanted === "function" ? isWanted : (event: AuditEvent) => matchesFilter(event, isWanted);
    const what = typeof isWanted === "function" ? "a request" : `a request with ${JSON.stringify(isWanted)}`;
    const read = (see: See): AuditEvent | undefined => {
      const { events } = this;
      see(`${events.length} requests, the last one ${events.at(-1)?.verb} ${events.at(-1)?.requestURI}`);
      return events.find(test);
    };
    return until(`${what} in the audit log`, read, options);
  }

  /** Parses the lines that were written since the last call. */
  #read(): void {
    if (!existsSync(this.#file)) return;
    const file = openSync(this.#file, "r");
    try {
      const chunk = Buffer.alloc(chunkBytes);
      for (let length = 1; length > 0;) {
        length = readSync(file, chunk, 0, chunkBytes, this.#offset);
        this.#offset += length;
        this.#take(Buffer.concat([this.#rest, chunk.subarray(0, length)]));
      }
    } finally {
      closeSync(file);
    }
  }

  #take(text: Buffer): void {
    const end = text.lastIndexOf("\n") + 1;
    this.#rest = Buffer.from(text.subarray(end));
    for (const line of text.toString("utf8", 0, end).split("\n")) {
      if (line === "") continue;
      const event = JSON.parse(line) as AuditEvent;
      // A later stage replaces an earlier one, at its place in the order.
      this.#events.set(event.auditID, event);
    }
  }
}

export function matchesFilter(event: AuditEvent, filter: AuditFilter): boolean {
  const { user, userAgent, verb, code, since, ...object } = filter;
  const { objectRef } = event;
  if (user !== undefined && event.user.username !== user) return false;
  if (userAgent instanceof RegExp && !userAgent.test(event.userAgent)) return false;
  if (typeof userAgent === "string" && event.userAgent !== userAgent) return false;
  if (verb !== undefined && ![verb].flat().includes(event.verb)) return false;
  if (code !== undefined && event.responseStatus?.code !== code) return false;
  if (since !== undefined && Date.parse(event.requestReceivedTimestamp) < since) return false;
  const members = Object.entries(object) as [keyof typeof object, string | undefined][];
  return members.every(([member, value]) => value === undefined || (objectRef?.[member] ?? "") === value);
}
