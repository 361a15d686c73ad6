/** Outcome of one request. */
import type { Failure } from "./failure.ts";
import type { StageTiming } from "./server-timing.ts";

export type Outcome =
  /** 200 with the expected picture. */
  | { readonly kind: "accepted"; readonly bytes: number; readonly stages: readonly StageTiming[] }
  /** 503 with Retry-After: the server is at capacity, which is not a failure. */
  | { readonly kind: "rejected" }
  | { readonly kind: "failed"; readonly failure: Failure }
  /** Cut off because the run was interrupted; not the server's failure. */
  | { readonly kind: "abandoned" };

/** Times are milliseconds since the start of the run. */
export interface Sample {
  /** When it was scheduled. In a closed loop, when it was sent. */
  readonly intendedMs: number;
  /** When it was handed to a free connection; null if it never was. */
  readonly sentMs: number | null;
  /** When the last byte of the response arrived, or the request failed. */
  readonly endMs: number;
  readonly outcome: Outcome;
}
