import assert from "node:assert/strict";
import sharp from "sharp";
import { liveFrame } from "./live-frame.ts";

/** Frame tag with bit 0 clear, the start code of key frames, width and height (RFC 6386, section 9.1). */
function keyFrameSize(frame: Buffer): readonly number[] {
  assert.equal((frame[0] ?? 1) & 1, 0);
  assert.equal(frame.toString("hex", 3, 6), "9d012a");
  return [frame.readUInt16LE(6) & 0x3fff, frame.readUInt16LE(8) & 0x3fff];
}

describe("a picture as a frame of video", () => {
  it("is a VP8 key frame of the displayed size, without transparency", async () => {
    const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
    const turned = await sharp({ create: { width: 64, height: 48, channels: 3, background: "red", noise } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    assert.deepEqual(keyFrameSize(await liveFrame({ body: turned }, 30)), [48, 64]);
    const transparent = await sharp({ create: { width: 33, height: 17, channels: 4, background: "#0080ff40" } })
      .png()
      .toBuffer();
    assert.deepEqual(keyFrameSize(await liveFrame({ body: transparent }, 30)), [33, 17]);
  });

  it("has the best quality that fits the bit rate", async () => {
    const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
    const create = { width: 320, height: 240, channels: 3, background: "red", noise } as const;
    const body = await sharp({ create }).png().toBuffer();
    const [slow, fast] = [await liveFrame({ body }, 5), await liveFrame({ body }, 30)];
    assert.ok(fast.length < slow.length, `${fast.length}, ${slow.length}`);
    assert.ok(slow.length * 8 * 5 <= 2_000_000, `${slow.length} bytes`);
  });
});
