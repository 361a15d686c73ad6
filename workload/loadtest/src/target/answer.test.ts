import assert from "node:assert/strict";
import type { Outcome } from "./sample.ts";
import { type AnswerHead, type Expectation, type ImageHeader, judgeHead, judgePicture } from "./answer.ts";
import type { FailureKind } from "./failure.ts";

const head: AnswerHead = { status: 200, contentType: "image/jpeg", retryAfter: undefined, serverTiming: undefined };

function failed(kind: FailureKind, message: string): Outcome {
  return { kind: "failed", failure: { kind, message } };
}

describe("judgeHead", () => {
  const cases: Readonly<Record<string, { head: Partial<AnswerHead>; outcome: Outcome | null }>> = {
    "leaves the picture of a 200 to be checked": { head: {}, outcome: null },
    "ignores parameters and case of the type": { head: { contentType: "IMAGE/PNG; q=1" }, outcome: null },
    "counts 503 with Retry-After as rejected": {
      head: { status: 503, retryAfter: "1" },
      outcome: { kind: "rejected" },
    },
    "counts 503 without Retry-After as failed": {
      head: { status: 503 },
      outcome: failed("http-503", "status 503"),
    },
    "counts 429 as failed, which the processor never sends": {
      head: { status: 429, retryAfter: "1" },
      outcome: failed("http-429", "status 429"),
    },
    "does not follow a redirect": { head: { status: 302 }, outcome: failed("http-302", "status 302") },
    "counts 204, which has no picture, as failed": {
      head: { status: 204 },
      outcome: failed("http-204", "status 204"),
    },
    "rejects text": {
      head: { contentType: "text/html" },
      outcome: failed("wrong-type", "Content-Type is text/html, expected an image"),
    },
    "rejects a missing type": {
      head: { contentType: undefined },
      outcome: failed("wrong-type", "Content-Type is missing, expected an image"),
    },
  };
  for (const [name, { head: changes, outcome }] of Object.entries(cases)) {
    it(name, () => assert.deepEqual(judgeHead({ ...head, ...changes }), outcome));
  }
});

describe("judgePicture", () => {
  const jpeg: ImageHeader = { format: "jpeg", width: 640, height: 480 };
  const sent: Expectation = { width: 320, height: 240, scale: 2 };
  const accepted: Outcome = { kind: "accepted", bytes: 1000, stages: [] };
  interface Case {
    head?: Partial<AnswerHead>;
    header: ImageHeader | null;
    expected?: Partial<Expectation>;
    outcome: Outcome;
  }
  const cases: Readonly<Record<string, Case>> = {
    "twice as large as sent": { header: jpeg, outcome: accepted },
    "as large as sent": { header: jpeg, expected: { width: 640, height: 480, scale: 1 }, outcome: accepted },
    "any size when none is expected": {
      header: { ...jpeg, width: 3 },
      expected: { scale: null },
      outcome: accepted,
    },
    "a fraction, rounded": {
      header: { ...jpeg, width: 160, height: 121 },
      expected: { height: 241, scale: 0.5 },
      outcome: accepted,
    },
    "not twice as large": {
      header: { ...jpeg, width: 320, height: 240 },
      outcome: failed("wrong-size", "picture is 320x240, expected 640x480"),
    },
    "rotated by 90°": {
      header: { ...jpeg, width: 480, height: 640 },
      outcome: failed("wrong-size", "picture is 480x640, expected 640x480"),
    },
    "bytes that are not an image": {
      header: null,
      outcome: failed("undecodable", "1000 bytes that are not an image"),
    },
    "PNG under the name of JPEG": {
      header: { ...jpeg, format: "png" },
      outcome: failed("wrong-type", "Content-Type is image/jpeg, the picture is png"),
    },
    "AVIF, which the decoder calls heif": {
      head: { contentType: "image/avif" },
      header: { ...jpeg, format: "heif" },
      outcome: accepted,
    },
    "an unknown type": { head: { contentType: "image/x-new" }, header: jpeg, outcome: accepted },
    "stages of the server": {
      head: { serverTiming: "decode;dur=2" },
      header: jpeg,
      outcome: { ...accepted, stages: [{ stage: "decode", ms: 2 }] },
    },
  };
  for (const [name, { head: headChanges, header, expected, outcome }] of Object.entries(cases)) {
    it(name, () =>
      assert.deepEqual(judgePicture({ ...head, ...headChanges }, header, 1000, { ...sent, ...expected }), outcome),
    );
  }
});
