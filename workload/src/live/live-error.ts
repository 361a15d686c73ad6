/** Why a request of WebRTC signalling is refused: a code of the table of problems, and a message for the client. */
import type { problemsByArea } from "../core/problems.ts";

export type LiveProblemCode = keyof (typeof problemsByArea)["Live video"];

export class LiveError extends Error {
  readonly code: LiveProblemCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: LiveProblemCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "LiveError";
    this.code = code;
    this.headers = headers;
  }
}

/** Of another session, on this pod or another. */
export function streamExists(stream: string): LiveError {
  return new LiveError("stream-exists", `stream ${stream} is being published`);
}
