/** Why the pipeline has no result for a request. */
import { problems } from "./problems.ts";

export type PipelineErrorKind =
  | "unsupported-format"
  | "undecodable"
  | "too-large"
  | "wrong-size"
  | "bad-tensor"
  | "queue-full"
  | "draining"
  | "not-ready"
  | "deadline"
  | "aborted"
  | "worker-died"
  | "inference-failed";

export class PipelineError extends Error {
  readonly kind: PipelineErrorKind;
  /** Seconds after which to retry, for a 503. */
  readonly retryAfter: number | undefined;

  constructor(kind: PipelineErrorKind, message: string, retryAfter?: number) {
    super(message);
    this.name = "PipelineError";
    this.kind = kind;
    this.retryAfter = retryAfter;
  }

  get status(): number {
    return problems[this.kind].status;
  }
}
