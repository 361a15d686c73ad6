import assert from "node:assert/strict";
import type { CodecName, EncodeFrame, VideoEncoder } from "./codec.ts";
import { FrameEncodings } from "./frame-encodings.ts";
import { drawnFrame } from "./testing/drawn-frame.ts";

/** A frame of VP8 in its first three bytes. */
const bytesOf = (key: boolean): Buffer =>
  key ? Buffer.from([0x10, 0, 0, 0x9d, 0x01, 0x2a, 16, 0, 16, 0]) : Buffer.from([0x11, 0, 0]);

function encodings(encode: (frame: EncodeFrame) => Buffer | undefined = ({ keyFrame }) => bytesOf(keyFrame)) {
  const encoded: string[] = [];
  const opened: CodecName[] = [];
  const failed: string[] = [];
  let closed = 0;
  const encodings = new FrameEncodings({
    openEncoder: (codec): VideoEncoder => {
      opened.push(codec);
      return { encode, close: () => void closed++ };
    },
    onEncoded: ({ encoding, key, timestamp }) => void encoded.push(`${encoding}${key ? "!" : ""} ${timestamp}`),
    onFailed: (encoding, message) => void failed.push(`${encoding} ${message}`),
  });
  const send = (timestamp: number): void =>
    encodings.encode({ ...drawnFrame({ width: 16, height: 16 }, 0), timestamp, dropped: 0 });
  return { encodings, encoded, opened, failed, send, closed: () => closed };
}

describe("encodings of frames", () => {
  it("are made once for each, and start with a key frame", () => {
    const { encodings: all, encoded, opened, send, closed } = encodings();
    all.set([{ id: 1, codec: "VP8", kbps: 500 }]);
    send(0);
    all.set([
      { id: 1, codec: "VP8", kbps: 600 },
      { id: 9, codec: "H264", kbps: 500 },
    ]);
    send(3000);
    all.set([{ id: 9, codec: "H264", kbps: 500 }]);
    send(6000);
    assert.deepEqual(encoded, ["1! 0", "1 3000", "9! 3000", "9 6000"]);
    assert.deepEqual([opened, closed()], [["VP8", "H264"], 1]);
  });

  it("have a key frame on demand, half a second after the last one at the earliest", () => {
    const { encodings: all, encoded, send } = encodings();
    all.set([{ id: 1, codec: "VP8", kbps: 500 }]);
    send(0);
    all.requestKeyFrame(1);
    for (let time = 15_000; time <= 60_000; time += 15_000) send(time);
    assert.deepEqual(encoded, ["1! 0", "1 15000", "1 30000", "1! 45000", "1 60000"]);
  });

  it("ask again for a key frame that the encoder dropped", () => {
    let calls = 0;
    const {
      encodings: all,
      encoded,
      send,
    } = encodings(({ keyFrame }) => (calls++ === 0 ? undefined : bytesOf(keyFrame)));
    all.set([{ id: 1, codec: "VP8", kbps: 500 }]);
    send(0);
    send(3000);
    assert.deepEqual(encoded, ["1! 3000"]);
  });

  it("end alone when their encoder fails", () => {
    const {
      encodings: all,
      encoded,
      failed,
      send,
    } = encodings(({ kbps }) => {
      if (kbps === 1) throw new Error("too large");
      return bytesOf(true);
    });
    all.set([
      { id: 1, codec: "VP8", kbps: 1 },
      { id: 2, codec: "VP8", kbps: 2 },
    ]);
    send(0);
    send(3000);
    assert.deepEqual([encoded, failed], [["2! 0", "2! 3000"], ["1 too large"]]);
  });

  const durations = [
    ["the time since the frame before", [0, 3000, 9000], [3000, 3000, 6000]],
    ["a usual one when the publisher's clock jumps or stands", [0, 0, 900_000, 5], [3000, 3000, 3000, 3000]],
    ["the time across the wrap of timestamps", [0xff_ff_ff_00, 0xb00], [3000, 3072]],
  ] as const;
  for (const [what, times, expected] of durations) {
    it(`have as duration ${what}`, () => {
      const seen: number[] = [];
      const { encodings: all, send } = encodings(({ duration, keyFrame }) => {
        seen.push(duration);
        return bytesOf(keyFrame);
      });
      all.set([{ id: 1, codec: "VP8", kbps: 500 }]);
      for (const time of times) send(time);
      assert.deepEqual(seen, expected);
    });
  }
});
