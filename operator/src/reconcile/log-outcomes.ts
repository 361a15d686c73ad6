import type { Logger } from "../runtime/log.ts";
import { describe, type ChildOutcome } from "./execute.ts";

const done = { create: "created", apply: "applied", delete: "deleted" } as const;

/** What was written, one line each; a visit that wrote nothing says nothing. */
export function logOutcomes(outcomes: readonly ChildOutcome[], log: Logger): void {
  for (const { child, did, failure } of outcomes) {
    const name = describe(child);
    switch (failure?.kind) {
      case undefined:
        if (did in done) log.info({ child: name }, `${done[did as keyof typeof done]} ${name}`);
        break;
      case "Transient":
        log.warn({ child: name, error: failure.cause }, `could not ${did} ${name}, trying again`);
        break;
      case "Conflict":
        log.debug({ child: name }, `${name} was changed by somebody else at the same moment`);
        break;
      case "Stalled":
      case "Waiting":
        log.warn({ child: name, reason: failure.reason }, failure.message);
    }
  }
}
