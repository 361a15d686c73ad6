/** What became of one request. */
import type { Failure } from "./failure.ts";
import type { StageTiming } from "./server-timing.ts";

export type Outcome =
  /** 200 with the picture that was asked for. */
  | { readonly kind: "accepted"; readonly bytes: number; readonly stages: readonly StageTiming[] }
  /** 503 with Retry-After: the server is full and says so, which is no failure. */
  | { readonly kind: "rejected" }
  | { readonly kind: "failed"; readonly failure: Failure }
  /** Cut off by us because the run was interrupted; says nothing about the server. */
  | { readonly kind: "abandoned" };

/** Times are milliseconds since the start of the run. */
export interface Sample {
  /** When the schedule wanted it sent. In a closed loop, when it was sent. */
  readonly intendedMs: number;
  /** When it was handed to a free connection; null when that never happened. */
  readonly sentMs: number | null;
  /** When the last byte of the answer was there, or the failure was known. */
  readonly endMs: number;
  readonly outcome: Outcome;
}
