import assert from "node:assert/strict";
import { errors } from "undici";
import { type Failure, failureOf } from "./failure.ts";

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

describe("failureOf", () => {
  const cases: readonly { error: unknown; failure: Failure }[] = [
    {
      error: new DOMException("no complete response", "TimeoutError"),
      failure: { kind: "timeout", message: "no complete response" },
    },
    { error: new errors.ConnectTimeoutError("connect"), failure: { kind: "timeout", message: "connect" } },
    { error: systemError("ETIMEDOUT", "timed out"), failure: { kind: "timeout", message: "timed out" } },
    { error: systemError("ECONNREFUSED", "refused"), failure: { kind: "connect", message: "refused" } },
    { error: systemError("ENOTFOUND", "no such name"), failure: { kind: "connect", message: "no such name" } },
    { error: systemError("EMFILE", "too many files"), failure: { kind: "connect", message: "too many files" } },
    { error: systemError("ECONNRESET", "reset"), failure: { kind: "reset", message: "reset" } },
    { error: new errors.SocketError("other side closed"), failure: { kind: "reset", message: "other side closed" } },
    { error: new errors.HTTPParserError("bad"), failure: { kind: "protocol", message: "bad" } },
    { error: new errors.ResponseContentLengthMismatchError("short"), failure: { kind: "protocol", message: "short" } },
    { error: new errors.ResponseExceededMaxSizeError("big"), failure: { kind: "too-large", message: "big" } },
    {
      error: Object.assign(new AggregateError([systemError("ECONNREFUSED", "both refused")], ""), { code: "EUNKNOWN" }),
      failure: { kind: "connect", message: "both refused" },
    },
    {
      error: Object.assign(new AggregateError([systemError("X", "")], ""), { code: "ECONNREFUSED" }),
      failure: { kind: "connect", message: "ECONNREFUSED" },
    },
    { error: new AggregateError([], "nothing"), failure: { kind: "other", message: "nothing" } },
    { error: new TypeError(""), failure: { kind: "other", message: "TypeError" } },
    { error: "text", failure: { kind: "other", message: "text" } },
  ];
  for (const { error, failure } of cases) {
    it(`${error instanceof Error ? error.name : typeof error} is ${failure.kind}: ${failure.message}`, () =>
      assert.deepEqual(failureOf(error), failure));
  }
});
