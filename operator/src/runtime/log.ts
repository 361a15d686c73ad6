/** Logs one line of JSON per event to standard error, with searchable names and without secrets. */
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";
import { ApiError } from "../kube/errors.ts";

export type { Logger } from "pino";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** Default: standard error. */
  readonly destination?: DestinationStream;
}

/** Creates a logger that serializes errors under `error`: `log.warn({ error }, "watch failed")`. */
export function createLogger({ level, destination = standardError() }: LogOptions): Logger {
  const options = {
    level,
    // Log collectors add the pod and the node to each line; pid and hostname would be redundant.
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    errorKey: "error",
    serializers: { error: describeError },
  };
  return pino(options, destination);
}

/** Synchronous, so that the line that explains an exit is written before the process exits. */
function standardError(): DestinationStream {
  return pino.destination({ dest: 2, sync: true });
}

/** Bounds the chain of causes, which may be a cycle. */
const maxCauseDepth = 5;

/** Returns known members of an error only: others may hold a request with its Authorization header. */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return redact(String(error));
  const { name, message, stack, cause } = error;
  return {
    kind: name,
    message: redact(message),
    ...("code" in error && typeof error.code === "string" ? { code: error.code } : {}),
    ...(error instanceof ApiError ? requestOf(error) : { stack: redact(stack ?? "") }),
    ...(cause === undefined || depth >= maxCauseDepth ? {} : { cause: describeError(cause, depth + 1) }),
  };
}

/** Describes request and response instead of the stack, which does not help. */
function requestOf({ status, reason, method, path, retryAfterMs, causes }: ApiError): object {
  return { status, reason, method, path, retryAfterMs, causes };
}

const secrets: readonly RegExp[] = [
  /(?<=\bBearer\s+)[^\s"',]+/gi,
  // A JSON Web Token: a YAML parser's message quotes a kubeconfig that it cannot parse.
  /\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /(?<=\b(token|password|client-key-data|clientSecret)["']?\s*[:=]\s*["']?)[^\s"',]+/gi,
  // user:password@ in a URL
  /(?<=:\/\/)[^/\s:@]+:[^/\s@]+(?=@)/g,
];

/** Replaces credentials with `[secret]`. */
export function redact(text: string): string {
  return secrets.reduce((redacted, secret) => redacted.replace(secret, "[secret]"), text);
}
