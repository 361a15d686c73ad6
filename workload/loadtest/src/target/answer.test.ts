import assert from "node:assert/strict";
import type { Outcome } from "./sample.ts";
import { type AnswerHead, type Expectation, type ImageHeader, judgeHead, judgePicture } from "./answer.ts";
import type { FailureKind } from "./failure.ts";

const head: AnswerHead = { status: 200, contentType: "image/jpeg", retryAfter: undefined, serverTiming: undefined };

function failed(kind: FailureKind, message: string): Outcome {
  return { kind: "failed", failure: { kind, message } };
}

describe("judgeHead", () => {
  const cases: readonly { name: string; head: Partial<AnswerHead>; outcome: Outcome | null }[] = [
    { name: "200 with an image has to be looked at", head: {}, outcome: null },
    { name: "parameters and case of the type do not matter", head: { contentType: "IMAGE/PNG; q=1" }, outcome: null },
    {
      name: "503 with Retry-After is a rejection",
      head: { status: 503, retryAfter: "1" },
      outcome: { kind: "rejected" },
    },
    { name: "503 without is a failure", head: { status: 503 }, outcome: failed("http-503", "answered 503") },
    {
      name: "429 is none of the processor's answers",
      head: { status: 429, retryAfter: "1" },
      outcome: failed("http-429", "answered 429"),
    },
    { name: "a redirect is not followed", head: { status: 302 }, outcome: failed("http-302", "answered 302") },
    { name: "204 brings no picture", head: { status: 204 }, outcome: failed("http-204", "answered 204") },
    {
      name: "text is no picture",
      head: { contentType: "text/html" },
      outcome: failed("wrong-type", "Content-Type is text/html, expected an image"),
    },
    {
      name: "no type",
      head: { contentType: undefined },
      outcome: failed("wrong-type", "Content-Type is missing, expected an image"),
    },
  ];
  for (const { name, head: changes, outcome } of cases) {
    it(name, () => assert.deepEqual(judgeHead({ ...head, ...changes }), outcome));
  }
});

describe("judgePicture", () => {
  const jpeg: ImageHeader = { format: "jpeg", width: 640, height: 480 };
  const sent: Expectation = { width: 320, height: 240, scale: 2 };
  const accepted: Outcome = { kind: "accepted", bytes: 1000, stages: [] };
  const cases: readonly {
    name: string;
    head?: Partial<AnswerHead>;
    header: ImageHeader | null;
    expected?: Partial<Expectation>;
    outcome: Outcome;
  }[] = [
    { name: "twice as large as sent", header: jpeg, outcome: accepted },
    { name: "as large as sent", header: jpeg, expected: { width: 640, height: 480, scale: 1 }, outcome: accepted },
    {
      name: "any size when none is expected",
      header: { ...jpeg, width: 3 },
      expected: { scale: null },
      outcome: accepted,
    },
    {
      name: "a fraction rounds",
      header: { ...jpeg, width: 160, height: 121 },
      expected: { height: 241, scale: 0.5 },
      outcome: accepted,
    },
    {
      name: "not twice as large",
      header: { ...jpeg, width: 320, height: 240 },
      outcome: failed("wrong-size", "picture is 320x240, expected 640x480"),
    },
    {
      name: "turned by a quarter",
      header: { ...jpeg, width: 480, height: 640 },
      outcome: failed("wrong-size", "picture is 480x640, expected 640x480"),
    },
    { name: "no picture at all", header: null, outcome: failed("undecodable", "1000 bytes that are not an image") },
    {
      name: "PNG under the name of JPEG",
      header: { ...jpeg, format: "png" },
      outcome: failed("wrong-type", "Content-Type is image/jpeg, the picture is png"),
    },
    {
      name: "AVIF is what the decoder calls heif",
      head: { contentType: "image/avif" },
      header: { ...jpeg, format: "heif" },
      outcome: accepted,
    },
    { name: "a type nobody knows", head: { contentType: "image/x-new" }, header: jpeg, outcome: accepted },
    {
      name: "stages of the server",
      head: { serverTiming: "decode;dur=2" },
      header: jpeg,
      outcome: { ...accepted, stages: [{ stage: "decode", ms: 2 }] },
    },
  ];
  for (const { name, head: headChanges, header, expected, outcome } of cases) {
    it(name, () =>
      assert.deepEqual(judgePicture({ ...head, ...headChanges }, header, 1000, { ...sent, ...expected }), outcome),
    );
  }
});
