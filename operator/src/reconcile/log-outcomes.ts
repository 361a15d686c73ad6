import type { Logger } from "../runtime/log.ts";
import { childText } from "../desired/children.ts";
import type { ChildOutcome } from "./execute.ts";

const done = { create: "created", apply: "applied", delete: "deleted" } as const;

/** One line for each write and each failure; none for a reconcile that had nothing to do. */
export function logOutcomes(outcomes: readonly ChildOutcome[], log: Logger): void {
  for (const { child, did, failure, repaired, admission } of outcomes) {
    const name = childText(child);
    switch (failure?.kind) {
      case undefined:
        if (repaired !== undefined) log.info({ child: name }, `repaired ${repaired}`);
        else if (admission !== undefined)
          log.info({ child: name, fields: admission.fields }, `admission changed ${name}`);
        else if (did in done) log.info({ child: name }, `${done[did as keyof typeof done]} ${name}`);
        break;
      case "Transient":
        log.warn({ child: name, error: failure.cause }, `could not ${did} ${name}, retrying`);
        break;
      case "Conflict":
        log.debug({ child: name }, `${name} was changed at the same time; reconciling again`);
        break;
      case "Stalled":
      case "Waiting":
        log.warn({ child: name, reason: failure.reason }, failure.message);
    }
  }
}
