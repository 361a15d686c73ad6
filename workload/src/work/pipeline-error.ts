/** Why a request got no result: each kind is an HTTP status and a title that stays the same. */

const kinds = {
  "unsupported-format": { status: 415, title: "Not a picture in a supported format" },
  undecodable: { status: 422, title: "The picture is damaged" },
  "too-large": { status: 413, title: "The picture has too many pixels" },
  "wrong-size": { status: 422, title: "The picture has a size that the model does not take" },
  "bad-tensor": { status: 400, title: "The tensors do not fit the model" },
  "queue-full": { status: 503, title: "Too many requests are waiting" },
  draining: { status: 503, title: "The processor is shutting down" },
  "not-ready": { status: 503, title: "No worker is ready" },
  deadline: { status: 504, title: "The request took too long" },
  aborted: { status: 499, title: "The client has gone" },
  "worker-died": { status: 500, title: "The worker died" },
  "inference-failed": { status: 500, title: "The model failed" },
} as const;

export type PipelineErrorKind = keyof typeof kinds;

export class PipelineError extends Error {
  readonly kind: PipelineErrorKind;
  /** Seconds after which to try again, for a 503. */
  readonly retryAfter: number | undefined;

  constructor(kind: PipelineErrorKind, message: string, retryAfter?: number) {
    super(message);
    this.name = "PipelineError";
    this.kind = kind;
    this.retryAfter = retryAfter;
  }

  get status(): number {
    return kinds[this.kind].status;
  }

  get title(): string {
    return kinds[this.kind].title;
  }
}
