import assert from "node:assert/strict";
import type { Outcome } from "../target/sample.ts";
import { FramesInFlight, type ResultPacket } from "./frames-in-flight.ts";

const start = 0x10;
/** The first ten bytes of a VP8 key frame of 320x240, and two of another frame. */
const keyFrame = Buffer.from("9001009d012a4001f000", "hex");
const otherFrame = Buffer.from("b101", "hex");

function packet(sequenceNumber: number, timestamp: number, marker: boolean, payload: Buffer): ResultPacket {
  return { sequenceNumber, timestamp, marker, payload };
}

/** A payload with the shortest descriptor. */
function payload(descriptor: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([descriptor]), bytes]);
}

describe("frames in flight", () => {
  let frames: FramesInFlight;
  let outcomes: Map<number, Outcome>;
  beforeEach(() => {
    frames = new FramesInFlight();
    outcomes = new Map();
  });

  function send(timestamp: number, expected: { width: number; height: number } | null = null): void {
    frames.sent(timestamp, expected, (outcome) => {
      assert.ok(!outcomes.has(timestamp), "settled once");
      outcomes.set(timestamp, outcome);
    });
  }
  const accepted = (bytes: number): Outcome => ({ kind: "accepted", bytes, stages: [] });

  it("are accepted when the last packet of their result has come, in any order and across the end of the numbers", () => {
    send(3000);
    frames.received(packet(0, 3000, true, payload(0, otherFrame)));
    frames.received(packet(65_534, 3000, false, payload(start, keyFrame)));
    frames.received(packet(65_534, 3000, false, payload(start, keyFrame)));
    assert.equal(outcomes.size, 0);
    frames.received(packet(65_535, 3000, false, payload(0, otherFrame)));
    assert.deepEqual([...outcomes], [[3000, accepted(14)]]);
  });

  it("are dropped when the result of a newer one has come", () => {
    for (const timestamp of [3000, 6000, 9000]) send(timestamp);
    frames.received(packet(1, 6000, true, payload(start, keyFrame)));
    assert.deepEqual(
      [...outcomes],
      [
        [3000, { kind: "rejected" }],
        [6000, accepted(10)],
      ],
    );
    frames.received(packet(2, 3000, true, payload(start, keyFrame)));
    frames.received(packet(3, 9000, true, payload(start, otherFrame)));
    assert.deepEqual(outcomes.get(9000), accepted(2));
  });

  it("are dropped when the result of a newer, uncounted frame has come", () => {
    send(3000);
    frames.sentUncounted(6000);
    assert.equal(frames.isWaiting, true);
    frames.received(packet(1, 6000, true, payload(start, keyFrame)));
    assert.deepEqual([[...outcomes], frames.isWaiting], [[[3000, { kind: "rejected" }]], false]);
    frames.sentUncounted(9000);
    assert.equal(frames.isWaiting, false);
  });

  it("skip padding, results of unknown frames, and the longest descriptor", () => {
    send(3000);
    frames.received(packet(1, 3000, true, Buffer.alloc(0)));
    frames.received(packet(2, 2999, true, payload(start, keyFrame)));
    assert.equal(outcomes.size, 0);
    // X, S; I, L and T; a picture ID of two bytes.
    const descriptor = Buffer.from([0x90, 0xe0, 0x81, 0x02, 0x03, 0x04]);
    frames.received(packet(3, 3000, true, Buffer.concat([descriptor, keyFrame])));
    assert.deepEqual(outcomes.get(3000), accepted(10));
  });

  it("fail if the result has another size than expected, which only key frames state", () => {
    const right = { width: 320, height: 240 };
    send(3000, right);
    frames.received(packet(1, 3000, true, payload(start, otherFrame)));
    const message = "size of the frame is unknown: no key frame came, expected 320x240";
    assert.deepEqual(outcomes.get(3000), { kind: "failed", failure: { kind: "wrong-size", message } });
    send(6000, right);
    frames.received(packet(2, 6000, true, payload(start, keyFrame)));
    send(9000, right);
    frames.received(packet(3, 9000, true, payload(start, otherFrame)));
    send(12_000, { width: 640, height: 480 });
    frames.received(packet(4, 12_000, true, payload(start, otherFrame)));
    assert.deepEqual(
      [6000, 9000, 12_000].map((timestamp) => outcomes.get(timestamp)?.kind),
      ["accepted", "accepted", "failed"],
    );
  });

  it("are settled by the end of the session, except those that were given up", () => {
    send(3000);
    send(6000);
    frames.forget(3000);
    frames.settleAll({ kind: "abandoned" });
    frames.received(packet(1, 6000, true, payload(start, keyFrame)));
    assert.deepEqual([...outcomes], [[6000, { kind: "abandoned" }]]);
  });
});
