/** What a request to the API server can end with other than its answer: one class, whose `reason` tells callers what to do. */

/** One field that the API server refused, from `Status.details.causes`. */
export interface ApiErrorCause {
  readonly field: string;
  readonly message: string;
  /** `FieldValueInvalid`, `FieldValueRequired`, … */
  readonly reason: string;
}

export interface ApiErrorInit {
  /** HTTP status, or 0 when no answer came. */
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly method: string;
  readonly path: string;
  readonly retryAfterMs?: number | undefined;
  readonly causes?: readonly ApiErrorCause[] | undefined;
  readonly cause?: unknown;
}

/**
 * A request that did not succeed.
 *
 * `reason` is the API server's word (`AlreadyExists`, `Conflict`, `Invalid`, `Forbidden`, `NotFound`, `Expired`, …). With
 * status 0 no answer came: `Unreachable` (refused, reset, TLS, or cut off within the answer) or `Timeout`. Then nobody
 * knows whether a write was done.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly reason: string;
  readonly method: string;
  readonly path: string;
  /** How long the server asked us to wait: `Retry-After`, or `Status.details.retryAfterSeconds`. */
  readonly retryAfterMs: number | undefined;
  readonly causes: readonly ApiErrorCause[] | undefined;

  constructor(init: ApiErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.status = init.status;
    this.reason = init.reason;
    this.method = init.method;
    this.path = init.path;
    this.retryAfterMs = init.retryAfterMs;
    this.causes = init.causes;
  }
}

/** The members of a `Status` that we read. Anything may be missing: a proxy in between may have written the body. */
export interface Status {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly field?: string; readonly message?: string; readonly reason?: string }[];
  };
}

export interface RequestLine {
  readonly method: string;
  readonly path: string;
}

/** The error of an answer whose status is not 2xx. `now` is in ms and only read for a `Retry-After` that is a date. */
export function errorFromResponse(
  request: RequestLine,
  answer: { readonly status: number; readonly retryAfter?: string | undefined; readonly body: string },
  now: number = Date.now(),
): ApiError {
  const status = parseStatus(answer.body);
  if (status === undefined) {
    return new ApiError({
      ...request,
      status: answer.status,
      reason: reasonOfCode(answer.status),
      message: answer.body.trim().slice(0, 500) || `the API server answered ${answer.status}`,
      retryAfterMs: retryAfterMs(answer.retryAfter, now),
    });
  }
  return errorFromStatus(request, { ...status, code: answer.status }, retryAfterMs(answer.retryAfter, now));
}

/** The error of a `Status` object, as an ERROR event of a watch carries it. */
export function errorFromStatus(request: RequestLine, status: Status, retryAfter?: number): ApiError {
  const code = status.code ?? 500;
  const seconds = status.details?.retryAfterSeconds;
  return new ApiError({
    ...request,
    status: code,
    reason: status.reason || reasonOfCode(code),
    message: status.message || `the API server answered ${code}`,
    retryAfterMs: retryAfter ?? (seconds === undefined || seconds === 0 ? undefined : seconds * 1000),
    causes: status.details?.causes?.map(({ field = "", message = "", reason = "" }) => ({ field, message, reason })),
  });
}

function parseStatus(body: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const isStatus = typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
    return isStatus ? (value as Status) : undefined;
  } catch {
    return undefined;
  }
}

/** Proxies and old servers send no reason: the words that the API server itself would have used. */
function reasonOfCode(code: number): string {
  return reasons[code] ?? (code >= 500 ? "InternalError" : "Unknown");
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Gone",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** RFC 9110 10.2.3: seconds, or an HTTP date. Undefined when absent or unreadable; a date that has passed is 0. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const timeouts = new Set(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "ETIMEDOUT"]);

/** The error of a request that no complete answer came to. */
export function errorFromNetwork(request: RequestLine, error: unknown): ApiError {
  const { name, message, code } = describe(error);
  const timedOut = name === "TimeoutError" || timeouts.has(code);
  return new ApiError({
    ...request,
    status: 0,
    reason: timedOut ? "Timeout" : "Unreachable",
    message: message === "" ? code || name : message,
    cause: error,
  });
}

function describe(error: unknown): { name: string; message: string; code: string } {
  if (!(error instanceof Error)) return { name: "", message: String(error), code: "" };
  // Several addresses of one name, all refused: node gives an AggregateError without a message.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const message = error.message === "" && first instanceof Error ? first.message : error.message;
  return { name: error.name, message, code: "code" in error ? String(error.code) : "" };
}

/** A missing, invalid or unusable connection to the API server. The message is for the person who started the program. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}
