import assert from "node:assert/strict";
import type { VideoFrame } from "../core/video-frame.ts";
import { encodableFrame } from "./encodable-frame.ts";
import { drawnFrame } from "./testing/drawn-frame.ts";

describe("a frame for H.264", () => {
  it("is the frame itself if its sides are even", () => {
    const frame = drawnFrame({ width: 32, height: 18 }, 0);
    assert.equal(encodableFrame(frame), frame);
  });

  it("lacks the last odd column and row", () => {
    const [odd, even] = [
      drawnFrame({ width: 33, height: 19 }, 0),
      encodableFrame(drawnFrame({ width: 33, height: 19 }, 0)),
    ];
    assert.deepEqual([even.width, even.height, even.bytes.length], [32, 18, 32 * 18 * 1.5]);
    for (const [x, y] of [
      [0, 0],
      [31, 0],
      [0, 17],
      [31, 17],
    ] as const) {
      assert.equal(lumaAt(even, x, y), lumaAt(odd, x, y));
    }
    assert.ok(even.bytes.subarray(32 * 18, 32 * 18 + 16 * 9).every((value) => value === 110));
    assert.ok(even.bytes.subarray(32 * 18 + 16 * 9).every((value) => value === 128));
  });

  it("repeats the edge of a frame that is too small", () => {
    const frame: VideoFrame = { width: 1, height: 1, bytes: new Uint8Array([50, 110, 140]) };
    const { width, height, bytes } = encodableFrame(frame);
    assert.deepEqual([width, height], [16, 16]);
    assert.deepEqual([bytes.indexOf(110), bytes.indexOf(140), bytes.length], [256, 320, 384]);
  });
});

function lumaAt({ width, bytes }: VideoFrame, x: number, y: number): number | undefined {
  return bytes[y * width + x];
}
