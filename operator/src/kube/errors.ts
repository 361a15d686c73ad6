/** The errors of requests to the API server: one class, and callers decide by its `reason`. */

/** A field that the API server rejected, from `Status.details.causes`. */
export interface ApiErrorCause {
  readonly field: string;
  readonly message: string;
  /** `FieldValueInvalid`, `FieldValueRequired`, … */
  readonly reason: string;
}

export interface ApiErrorInit {
  /** HTTP status, or 0 without a response. */
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
 * A request that failed.
 *
 * `reason` is that of the API server (`AlreadyExists`, `Conflict`, `Invalid`, `Forbidden`, `NotFound`, `Expired`, …). With
 * status 0 there was no complete response: `Unreachable` (refused, reset, TLS, or cut off) or `Timeout`, and it is unknown
 * whether a write took effect.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly reason: string;
  readonly method: string;
  readonly path: string;
  /** When to retry: `Retry-After`, or `Status.details.retryAfterSeconds`. */
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

/** The members of a `Status` that are used. Any may be missing: a proxy may have written the body. */
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

/** Converts a response whose status is not 2xx. `now` is in ms and only used for a `Retry-After` that is a date. */
export function errorFromResponse(
  request: RequestLine,
  response: { readonly status: number; readonly retryAfter?: string | undefined; readonly body: string },
  now: number = Date.now(),
): ApiError {
  const status = parseStatus(response.body);
  if (status === undefined) {
    return new ApiError({
      ...request,
      status: response.status,
      reason: reasonOfCode(response.status),
      message: response.body.trim().slice(0, 500) || `the API server returned ${response.status}`,
      retryAfterMs: retryAfterMs(response.retryAfter, now),
    });
  }
  return errorFromStatus(request, { ...status, code: response.status }, retryAfterMs(response.retryAfter, now));
}

/** Converts a `Status` object, such as that of an ERROR event of a watch. */
export function errorFromStatus(request: RequestLine, status: Status, retryAfter?: number): ApiError {
  const code = status.code ?? 500;
  const seconds = status.details?.retryAfterSeconds;
  return new ApiError({
    ...request,
    status: code,
    reason: status.reason || reasonOfCode(code),
    message: status.message || `the API server returned ${code}`,
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

/** Returns the API server's reason for a status; proxies send none. */
export function reasonOfCode(code: number): string {
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

/** Parses seconds or an HTTP date (RFC 9110 10.2.3). Undefined when absent or invalid; 0 for a date in the past. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const timeouts = new Set(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "ETIMEDOUT"]);

/** Converts the failure of a request without a complete response. */
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
  // For a name with several addresses that all fail, Node throws an AggregateError without a message.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const message = error.message === "" && first instanceof Error ? first.message : error.message;
  return { name: error.name, message, code: "code" in error ? String(error.code) : "" };
}

/** A missing, invalid or unusable connection to the API server. The message is for the person who started the program. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}
