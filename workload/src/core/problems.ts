/**
 * Every error that the processor answers, in one closed table. docs/processor-api.md is generated from it. A code is the last
 * part of a problem's `type`; under `/v2` only status and detail are sent, as the Open Inference Protocol has it.
 */
import { formatNames, formats } from "./picture.ts";

export interface ProblemDefinition {
  readonly status: number;
  readonly title: string;
  /** When it is answered, and what the client can do; Markdown. */
  readonly when: string;
  readonly nextStep: string;
}

const retry = "Retry after `Retry-After` seconds.";
const mediaTypesMarkdown = Object.values(formats)
  .map(({ mediaType }) => `\`${mediaType}\``)
  .join(", ");
const readLog = "See the processor's log.";

/** By the section of docs/processor-api.md. */
export const problemsByArea = {
  "Every request": {
    "bad-request": {
      status: 400,
      title: "Malformed request",
      when: "The request line, a header or the query is malformed.",
      nextStep: "Correct the request.",
    },
    "body-incomplete": {
      status: 400,
      title: "Incomplete body",
      when: "The connection was closed before the body was complete.",
      nextStep: "Send it again.",
    },
    "not-found": {
      status: 404,
      title: "No such path",
      when: "No route has this path.",
      nextStep: "See `GET /openapi.json`.",
    },
    "method-not-allowed": {
      status: 405,
      title: "Method not allowed",
      when: "The path does not support this method.",
      nextStep: "Use a method from the `Allow` header.",
    },
    "body-timeout": {
      status: 408,
      title: "Body too slow",
      when: "No byte of the body arrived for `limits.bodyPause`, or the body was not complete after `limits.bodyTimeout`.",
      nextStep: "Send it again, or raise the limit.",
    },
    "body-encoding": {
      status: 400,
      title: "Damaged compressed body",
      when: "The body cannot be decompressed as `Content-Encoding` states.",
      nextStep: "Correct the body, or send it uncompressed.",
    },
    "body-too-large": {
      status: 413,
      title: "Body too large",
      when: "The body exceeds `limits.bodyBytes`, as sent or decompressed.",
      nextStep: "Send less, or raise `processing.limits.bodyBytes`.",
    },
    "url-too-long": {
      status: 414,
      title: "URL too long",
      when: "A part of the path is too long.",
      nextStep: "Correct the request.",
    },
    "media-type": {
      status: 415,
      title: "Unsupported media type",
      when: "`Content-Type` names something that is not a picture.",
      nextStep: "Use a type from the detail and the `Accept-Post` header.",
    },
    "content-encoding": {
      status: 415,
      title: "Unsupported compression",
      when: "`Content-Encoding` is not gzip, deflate or identity.",
      nextStep: "Use an encoding from the `Accept-Encoding` header.",
    },
    internal: {
      status: 500,
      title: "Internal error",
      when: "The processor failed.",
      nextStep: readLog,
    },
  },
  Pictures: {
    "body-missing": {
      status: 400,
      title: "No picture",
      when: "The body is empty, or its form has no file.",
      nextStep: "Send the picture as the body.",
    },
    form: {
      status: 400,
      title: "Invalid form",
      when: "The body of `multipart/form-data` is damaged, or has several files.",
      nextStep: "Send a form with one file, or the picture itself.",
    },
    quality: {
      status: 400,
      title: "Invalid quality",
      when: "`quality` is not an integer from 1 to 100.",
      nextStep: "Correct it, or omit it.",
    },
    "not-acceptable": {
      status: 406,
      title: "No acceptable format",
      when: "`Accept` names no supported format.",
      nextStep: `Accept ${mediaTypesMarkdown}.`,
    },
    "too-large": {
      status: 413,
      title: "The picture has too many pixels",
      when: "The picture or tensor exceeds `limits.pixels`, or needs more memory than the container has; checked before decoding.",
      nextStep: "Reduce the picture, or raise `processing.limits.pixels` or the memory, as the detail states.",
    },
    "unsupported-format": {
      status: 415,
      title: "Not a picture in a supported format",
      when: `The body, or what the host of \`url\` sent, is not ${formatNames}; the detail names what it is.`,
      nextStep: "Convert the picture.",
    },
    undecodable: {
      status: 422,
      title: "The picture is damaged",
      when: "The picture cannot be decoded.",
      nextStep: "Repair the picture.",
    },
    "wrong-size": {
      status: 422,
      title: "The size of the picture is not supported",
      when: "The model does not support this size, or the output format cannot hold the result.",
      nextStep: "Resize the picture, or accept another format.",
    },
    aborted: {
      status: 499,
      title: "The client closed the connection",
      when: "The client closed the connection first; only metrics show it.",
      nextStep: "Nothing.",
    },
    "inference-failed": {
      status: 500,
      title: "Inference failed",
      when: "The model fails, also on a known picture. After three failures in a row the worker is replaced.",
      nextStep: readLog,
    },
    "worker-died": {
      status: 500,
      title: "The worker died",
      when: "The worker thread died; another one replaces it.",
      nextStep: "Send it again.",
    },
    "queue-full": {
      status: 503,
      title: "Too many requests are waiting",
      when: "`queue.maxDepth` requests are waiting, or the wait would exceed `queue.maxWait`.",
      nextStep: retry,
    },
    "not-ready": {
      status: 503,
      title: "No worker is ready",
      when: "The model is still being loaded.",
      nextStep: retry,
    },
    draining: {
      status: 503,
      title: "The processor is shutting down",
      when: "The processor is shutting down.",
      nextStep: retry,
    },
    deadline: {
      status: 504,
      title: "The request took too long",
      when: "The request exceeded `requestTimeout`.",
      nextStep: "Retry, or raise the limit.",
    },
  },
  "Pictures by URL": {
    "url-invalid": {
      status: 400,
      title: "Invalid URL",
      when: "`url` is not one absolute http or https URL of up to 4096 characters without credentials.",
      nextStep: "Correct `url`.",
    },
    "host-not-allowed": {
      status: 403,
      title: "Host not allowed",
      when: "The host is not in `upstream.allowedHosts`.",
      nextStep: "Add the host.",
    },
    "address-not-allowed": {
      status: 403,
      title: "Address not allowed",
      when: "The host has no public address.",
      nextStep: "Add its network to `upstream.allowedNetworks`.",
    },
    "upstream-not-found": {
      status: 404,
      title: "Picture not found",
      when: "The host answered 404 or 410.",
      nextStep: "Correct `url`.",
    },
    "redirect-not-allowed": {
      status: 502,
      title: "Redirect not allowed",
      when: "The host redirects to a URL that is not allowed, or from https to http.",
      nextStep: "Use the final URL.",
    },
    "too-many-redirects": {
      status: 502,
      title: "Too many redirects",
      when: "The host redirects more than three times.",
      nextStep: "Use the final URL.",
    },
    "upstream-unreachable": {
      status: 502,
      title: "Host unreachable",
      when: "The host cannot be reached, or closed the connection.",
      nextStep: "Check the host.",
    },
    "upstream-refused": {
      status: 502,
      title: "Host refused the request",
      when: "The host answered with another status than 200.",
      nextStep: "Check the host.",
    },
    "upstream-not-an-image": {
      status: 502,
      title: "Not a picture",
      when: "The bytes of the response are not a picture, whatever their type states, or are compressed.",
      nextStep: "Correct `url`.",
    },
    "upstream-too-large": {
      status: 502,
      title: "Picture too large",
      when: "The response exceeds `limits.bodyBytes`.",
      nextStep: "Use a smaller picture, or raise the limit.",
    },
    "upstream-busy": {
      status: 503,
      title: "Too many pictures are being fetched",
      when: "Too many requests are waiting for a connection.",
      nextStep: retry,
    },
    "upstream-timeout": {
      status: 504,
      title: "Host timed out",
      when: "The host did not deliver the picture within `requestTimeout`.",
      nextStep: "Retry.",
    },
  },
  Streams: {
    format: {
      status: 400,
      title: "Invalid format",
      when: "`format` is not one of the formats.",
      nextStep: "Correct it, or omit it.",
    },
    info: {
      status: 400,
      title: "Invalid info",
      when: "`info` is not true or false.",
      nextStep: "Correct it, or omit it.",
    },
    "upgrade-required": {
      status: 426,
      title: "WebSocket required",
      when: "The request does not upgrade to a WebSocket.",
      nextStep: "Use a WebSocket client.",
    },
    "too-many-sessions": {
      status: 503,
      title: "Too many sessions",
      when: "`stream.maxSessions` sessions are open.",
      nextStep: retry,
    },
  },
  "Live video": {
    "offer-malformed": {
      status: 400,
      title: "Malformed SDP",
      when: "The body is not SDP, or is too long.",
      nextStep: "Send the offer of a WebRTC library unchanged.",
    },
    token: {
      status: 401,
      title: "Token missing or wrong",
      when: "`live.token` is set, and `Authorization: Bearer` has another one or none.",
      nextStep: "Send the token.",
    },
    "no-such-stream": {
      status: 404,
      title: "No such stream",
      when: "Nothing is published under this name.",
      nextStep: "Publish it, or try again later.",
    },
    "no-such-session": {
      status: 404,
      title: "No such session",
      when: "The session has ended.",
      nextStep: "Send a new offer.",
    },
    "no-common-codec": {
      status: 406,
      title: "No common codec",
      when: "The offer has neither VP8 nor H.264 in packetization mode 1, or the processor lacks the codec that it has.",
      nextStep: "Enable VP8 or H.264 in the client; the processor logs at its start which codecs it has.",
    },
    "stream-exists": {
      status: 409,
      title: "The stream is being published",
      when: "Another session publishes under this name.",
      nextStep: "Use another name, or end that session.",
    },
    "if-match": {
      status: 412,
      title: "Another ICE session",
      when: "`If-Match` is not the session's `ETag`.",
      nextStep: "Use the `ETag` of the answer.",
    },
    "sdp-type": {
      status: 415,
      title: "Not SDP",
      when: "`Content-Type` is not `application/sdp`, or with PATCH not `application/trickle-ice-sdpfrag`.",
      nextStep: "Set it.",
    },
    "offer-unusable": {
      status: 422,
      title: "The offer cannot be answered",
      when: "The offer lacks what a session needs, or its video goes the wrong way; the detail names it.",
      nextStep: "Correct what the detail names.",
    },
    "ice-restart": {
      status: 422,
      title: "The ICE restart is incomplete",
      when: "A PATCH has another `ice-ufrag` than before, but no `ice-pwd`, or not `If-Match: *`.",
      nextStep: "Send `If-Match: *`, `a=ice-ufrag` and `a=ice-pwd`.",
    },
    "if-match-missing": {
      status: 428,
      title: "If-Match is missing",
      when: "A PATCH has no `If-Match`.",
      nextStep: "Send the `ETag` of the answer.",
    },
    "too-many-live-sessions": {
      status: 503,
      title: "Too many live sessions",
      when: "`live.limits.sessions` sessions are open.",
      nextStep: retry,
    },
    "live-draining": {
      status: 503,
      title: "The processor is shutting down",
      when: "The processor is shutting down.",
      nextStep: retry,
    },
    "peer-unreachable": {
      status: 503,
      title: "Another pod does not answer",
      when: "The pod that owns the session, or publishes the stream, cannot be reached.",
      nextStep: retry,
    },
    "media-process": {
      status: 503,
      title: "The media process failed",
      when: "The process of the session ended, or did not answer in time.",
      nextStep: retry,
    },
  },
  Tensors: {
    "infer-request": {
      status: 400,
      title: "Invalid inference request",
      when: "The request does not follow the protocol, or does not match the model's inputs and outputs.",
      nextStep: "Correct what the message names.",
    },
    "bad-tensor": {
      status: 400,
      title: "The tensors do not match the model",
      when: "The model rejected the tensors.",
      nextStep: "Correct the tensors.",
    },
    "no-such-model": {
      status: 404,
      title: "No such model",
      when: "The model or version is not served.",
      nextStep: "Use the model that the message names.",
    },
    "json-too-large": {
      status: 413,
      title: "JSON too large",
      when: "The JSON exceeds 16 MiB, or a list has more than 64 entries.",
      nextStep: "Send tensors as binary data.",
    },
  },
  Profiles: {
    "profile-parameter": {
      status: 400,
      title: "Invalid parameter",
      when: "A parameter is out of range.",
      nextStep: "Correct it.",
    },
    "no-such-thread": {
      status: 404,
      title: "No such thread",
      when: "No worker has this number.",
      nextStep: "See `GET /utilization`.",
    },
    profiling: {
      status: 409,
      title: "Profiler busy",
      when: "Another profile is being recorded.",
      nextStep: "Wait for it.",
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ProblemDefinition>>>>;

type Areas = typeof problemsByArea;
export type ProblemCode = { [Area in keyof Areas]: keyof Areas[Area] }[keyof Areas];

export const problems: Readonly<Record<ProblemCode, ProblemDefinition>> = Object.assign(
  {},
  ...Object.values(problemsByArea),
);
