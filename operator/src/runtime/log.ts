/** One line of JSON per event on standard error, with names that can be searched for, and without secrets. */
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";
import { ApiError } from "../kube/errors.ts";

export type { Logger } from "pino";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** Standard error unless a test wants the lines. */
  readonly destination?: DestinationStream;
}

/** A logger whose errors go under `error`: `log.warn({ error }, "the watch ended")`. */
export function createLogger({ level, destination = standardError() }: LogOptions): Logger {
  const options = {
    level,
    // Kubernetes adds the pod and the node to each line; pid and hostname would only say them again.
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    errorKey: "error",
    serializers: { error: describeError },
  };
  return pino(options, destination);
}

/** Written before the call returns: the line that says why the process ends must not end with it. */
function standardError(): DestinationStream {
  return pino.destination({ dest: 2, sync: true });
}

/** A chain of causes longer than this is a cycle. */
const deepestCause = 5;

/** The members of an error that help, by name. Others may hold a request with its Authorization header. */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return redact(String(error));
  const { name, message, stack, cause } = error;
  return {
    kind: name,
    message: redact(message),
    ...("code" in error && typeof error.code === "string" ? { code: error.code } : {}),
    ...(error instanceof ApiError ? requestOf(error) : { stack: redact(stack ?? "") }),
    ...(cause === undefined || depth >= deepestCause ? {} : { cause: describeError(cause, depth + 1) }),
  };
}

/** Where the request was made is of no interest: what was asked and what was answered is. */
function requestOf({ status, reason, method, path, retryAfterMs, causes }: ApiError): object {
  return { status, reason, method, path, retryAfterMs, causes };
}

const secrets: readonly RegExp[] = [
  /(?<=\bBearer\s+)[^\s"',]+/gi,
  // A JSON Web Token: a kubeconfig that can't be parsed is quoted in the parser's message.
  /\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /(?<=\b(token|password|client-key-data|clientSecret)["']?\s*[:=]\s*["']?)[^\s"',]+/gi,
  // user:password@ in a URL
  /(?<=:\/\/)[^/\s:@]+:[^/\s@]+(?=@)/g,
];

/** The text without what opens doors. */
export function redact(text: string): string {
  return secrets.reduce((redacted, secret) => redacted.replace(secret, "[secret]"), text);
}
