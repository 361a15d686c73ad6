/**
 * Why a request failed, by kind. Pure.
 *
 * Kinds are few and stable, because dashboards and the operator group by them; the message of the first failure of each kind
 * is reported beside it.
 */

export type FailureKind =
  /** No complete response within `--timeout`, counted from the intended send time. */
  | "timeout"
  /** Open loop: no connection was free before the timeout, so it was never sent. */
  | "unsent"
  /** No connection: refused, unreachable, or the name did not resolve. */
  | "connect"
  /** The connection was closed before the response was complete. */
  | "reset"
  /** Bytes that are not HTTP, or a body that does not have its declared length. */
  | "protocol"
  /** A body over 64 MiB. */
  | "too-large"
  /** Any other status than 200, and 503 without Retry-After. */
  | `http-${number}`
  /** Content-Type is not an image type, or does not match the bytes. */
  | "wrong-type"
  /** The bytes have no readable image header. */
  | "undecodable"
  /** The picture is not `--expect-scale` times as large as the one sent. */
  | "wrong-size"
  /** None of the above; see the example. */
  | "other";

export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
}

const kindOfCode: Readonly<Record<string, FailureKind>> = {
  UND_ERR_CONNECT_TIMEOUT: "timeout",
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  UND_ERR_BODY_TIMEOUT: "timeout",
  ETIMEDOUT: "timeout",
  ECONNREFUSED: "connect",
  EHOSTUNREACH: "connect",
  ENETUNREACH: "connect",
  EADDRNOTAVAIL: "connect",
  EMFILE: "connect",
  ENOTFOUND: "connect",
  EAI_AGAIN: "connect",
  ECONNRESET: "reset",
  EPIPE: "reset",
  UND_ERR_SOCKET: "reset",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "protocol",
  UND_ERR_HEADERS_OVERFLOW: "protocol",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "too-large",
};

/** Converts an error of the HTTP client. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { kind: "other", message: String(error) };
  if (error.name === "TimeoutError") return { kind: "timeout", message: error.message };
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const message = error.message || code || error.name;
  const kind = error.name === "HTTPParserError" ? "protocol" : kindOfCode[code];
  if (kind !== undefined) return { kind, message };
  // A host with several addresses fails as an AggregateError; its members have the reason.
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0]);
  return { kind: "other", message };
}
