/**
 * Every error that the processor answers, in one closed table. docs/processor-api.md is generated from it. A code is the last
 * part of a problem's `type`; under `/v2` only status and detail are sent, as the Open Inference Protocol has it.
 */

export interface ProblemDefinition {
  readonly status: number;
  readonly title: string;
  readonly where: "Every request" | "Pictures" | "Pictures by URL" | "Streams" | "Tensors" | "Profiles";
  /** When it is answered, and what the client can do; Markdown. */
  readonly when: string;
  readonly then: string;
}

const retry = "Retry after `Retry-After` seconds.";
const readLog = "See the processor's log.";

const table = {
  "bad-request": {
    status: 400,
    title: "Malformed request",
    where: "Every request",
    when: "The request line, a header or the query is malformed.",
    then: "Correct the request.",
  },
  "body-incomplete": {
    status: 400,
    title: "Incomplete body",
    where: "Every request",
    when: "The connection was closed before the body was complete.",
    then: "Send it again.",
  },
  "not-found": {
    status: 404,
    title: "No such path",
    where: "Every request",
    when: "No route has this path.",
    then: "See `GET /openapi.json`.",
  },
  "method-not-allowed": {
    status: 405,
    title: "Method not allowed",
    where: "Every request",
    when: "The path does not support this method.",
    then: "Use a method from the `Allow` header.",
  },
  "body-too-large": {
    status: 413,
    title: "Body too large",
    where: "Every request",
    when: "The body exceeds `limits.bodyBytes`.",
    then: "Send less, or raise the limit.",
  },
  "url-too-long": {
    status: 414,
    title: "URL too long",
    where: "Every request",
    when: "A part of the path is too long.",
    then: "Correct the request.",
  },
  "media-type": {
    status: 415,
    title: "Unsupported media type",
    where: "Every request",
    when: "`Content-Type` is missing or not supported.",
    then: "Send the picture itself as `image/jpeg`, `image/png` or `image/webp`.",
  },
  internal: {
    status: 500,
    title: "Internal error",
    where: "Every request",
    when: "The processor failed.",
    then: readLog,
  },
  "body-missing": {
    status: 400,
    title: "No picture",
    where: "Pictures",
    when: "The body is empty.",
    then: "Send the picture as the body.",
  },
  quality: {
    status: 400,
    title: "Invalid quality",
    where: "Pictures",
    when: "`quality` is not an integer from 1 to 100.",
    then: "Correct it, or omit it.",
  },
  "not-acceptable": {
    status: 406,
    title: "No acceptable format",
    where: "Pictures",
    when: "`Accept` names no supported format.",
    then: "Accept `image/jpeg`, `image/png` or `image/webp`.",
  },
  "too-large": {
    status: 413,
    title: "The picture has too many pixels",
    where: "Pictures",
    when: "The picture exceeds `limits.pixels`; checked before decoding.",
    then: "Reduce the picture, or raise the limit.",
  },
  "unsupported-format": {
    status: 415,
    title: "Not a picture in a supported format",
    where: "Pictures",
    when: "The body is not JPEG, PNG or WebP.",
    then: "Convert the picture.",
  },
  undecodable: {
    status: 422,
    title: "The picture is damaged",
    where: "Pictures",
    when: "The picture cannot be decoded.",
    then: "Repair the picture.",
  },
  "wrong-size": {
    status: 422,
    title: "The size of the picture is not supported",
    where: "Pictures",
    when: "The model does not support this size, or the output format cannot hold the result.",
    then: "Resize the picture, or accept another format.",
  },
  aborted: {
    status: 499,
    title: "The client closed the connection",
    where: "Pictures",
    when: "The client closed the connection first; only metrics show it.",
    then: "Nothing.",
  },
  "inference-failed": {
    status: 500,
    title: "Inference failed",
    where: "Pictures",
    when: "The model failed on this input.",
    then: readLog,
  },
  "worker-died": {
    status: 500,
    title: "The worker died",
    where: "Pictures",
    when: "The worker thread died; another one replaces it.",
    then: "Send it again.",
  },
  "queue-full": {
    status: 503,
    title: "Too many requests are waiting",
    where: "Pictures",
    when: "`queue.maxDepth` requests are waiting, or the wait would exceed `queue.maxWait`.",
    then: retry,
  },
  "not-ready": {
    status: 503,
    title: "No worker is ready",
    where: "Pictures",
    when: "The model is still being loaded.",
    then: retry,
  },
  draining: {
    status: 503,
    title: "The processor is shutting down",
    where: "Pictures",
    when: "The processor is shutting down.",
    then: retry,
  },
  deadline: {
    status: 504,
    title: "The request took too long",
    where: "Pictures",
    when: "The request exceeded `requestTimeout`.",
    then: "Retry, or raise the limit.",
  },
  "url-invalid": {
    status: 400,
    title: "Invalid URL",
    where: "Pictures by URL",
    when: "`url` is not one absolute http or https URL of up to 4096 characters without credentials.",
    then: "Correct `url`.",
  },
  "host-not-allowed": {
    status: 403,
    title: "Host not allowed",
    where: "Pictures by URL",
    when: "The host is not in `upstream.allowedHosts`.",
    then: "Add the host.",
  },
  "address-not-allowed": {
    status: 403,
    title: "Address not allowed",
    where: "Pictures by URL",
    when: "The host has no public address.",
    then: "Add its network to `upstream.allowedNetworks`.",
  },
  "upstream-not-found": {
    status: 404,
    title: "Picture not found",
    where: "Pictures by URL",
    when: "The host answered 404 or 410.",
    then: "Correct `url`.",
  },
  "redirect-not-allowed": {
    status: 502,
    title: "Redirect not allowed",
    where: "Pictures by URL",
    when: "The host redirects to a URL that is not allowed, or from https to http.",
    then: "Use the final URL.",
  },
  "too-many-redirects": {
    status: 502,
    title: "Too many redirects",
    where: "Pictures by URL",
    when: "The host redirects more than three times.",
    then: "Use the final URL.",
  },
  "upstream-unreachable": {
    status: 502,
    title: "Host unreachable",
    where: "Pictures by URL",
    when: "The host cannot be reached, or closed the connection.",
    then: "Check the host.",
  },
  "upstream-refused": {
    status: 502,
    title: "Host refused the request",
    where: "Pictures by URL",
    when: "The host answered with another status than 200.",
    then: "Check the host.",
  },
  "upstream-not-an-image": {
    status: 502,
    title: "Not a picture",
    where: "Pictures by URL",
    when: "The response is not an image, or is compressed.",
    then: "Correct `url`.",
  },
  "upstream-too-large": {
    status: 502,
    title: "Picture too large",
    where: "Pictures by URL",
    when: "The response exceeds `limits.bodyBytes`.",
    then: "Use a smaller picture, or raise the limit.",
  },
  "upstream-busy": {
    status: 503,
    title: "Too many pictures are being fetched",
    where: "Pictures by URL",
    when: "Too many requests are waiting for a connection.",
    then: retry,
  },
  "upstream-timeout": {
    status: 504,
    title: "Host timed out",
    where: "Pictures by URL",
    when: "The host did not deliver the picture within `requestTimeout`.",
    then: "Retry.",
  },
  format: {
    status: 400,
    title: "Invalid format",
    where: "Streams",
    when: "`format` is not jpeg, png or webp.",
    then: "Correct it, or omit it.",
  },
  info: {
    status: 400,
    title: "Invalid info",
    where: "Streams",
    when: "`info` is not true or false.",
    then: "Correct it, or omit it.",
  },
  "upgrade-required": {
    status: 426,
    title: "WebSocket required",
    where: "Streams",
    when: "The request does not upgrade to a WebSocket.",
    then: "Use a WebSocket client.",
  },
  "too-many-sessions": {
    status: 503,
    title: "Too many sessions",
    where: "Streams",
    when: "`stream.maxSessions` sessions are open.",
    then: retry,
  },
  "infer-request": {
    status: 400,
    title: "Invalid inference request",
    where: "Tensors",
    when: "The request does not follow the protocol, or does not match the model's inputs and outputs.",
    then: "Correct what the message names.",
  },
  "bad-tensor": {
    status: 400,
    title: "The tensors do not match the model",
    where: "Tensors",
    when: "The model rejected the tensors.",
    then: "Correct the tensors.",
  },
  "no-such-model": {
    status: 404,
    title: "No such model",
    where: "Tensors",
    when: "The model or version is not served.",
    then: "Use the model that the message names.",
  },
  "json-too-large": {
    status: 413,
    title: "JSON too large",
    where: "Tensors",
    when: "The JSON exceeds 16 MiB, or a list has more than 64 entries.",
    then: "Send tensors as binary data.",
  },
  "content-encoding": {
    status: 415,
    title: "Compressed request",
    where: "Tensors",
    when: "The body is compressed.",
    then: "Send it uncompressed.",
  },
  "profile-parameter": {
    status: 400,
    title: "Invalid parameter",
    where: "Profiles",
    when: "A parameter is out of range.",
    then: "Correct it.",
  },
  "no-such-thread": {
    status: 404,
    title: "No such thread",
    where: "Profiles",
    when: "No worker has this number.",
    then: "See `GET /utilization`.",
  },
  profiling: {
    status: 409,
    title: "Profiler busy",
    where: "Profiles",
    when: "Another profile is being recorded.",
    then: "Wait for it.",
  },
} as const satisfies Readonly<Record<string, ProblemDefinition>>;

export type ProblemCode = keyof typeof table;

export const problems: Readonly<Record<ProblemCode, ProblemDefinition>> = table;
