import assert from "node:assert/strict";
import { seededRandom } from "../testing/random.ts";
import { encoderAbiOf } from "./libvpx-abi.ts";
import { openLibvpx } from "./libvpx.ts";
import { needsCodec } from "./testing/live-codec.ts";
import { drawnFrame, meanDifference, noiseFrame } from "./testing/drawn-frame.ts";
import { vp8Header } from "./vp8-payload.ts";

const mostPixels = 640 * 480;
const settings = { duration: 3000, keyFrame: false, kbps: 1000 };

describe("libvpx", () => {
  const sizes = [
    ["an ordinary size", 320, 240],
    ["an odd size", 241, 181],
    ["the smallest size", 1, 1],
  ] as const;
  for (const [what, width, height] of sizes) {
    it(`encodes and decodes ${what}`, function () {
      const codec = needsCodec(this);
      const [encoder, decoder] = [codec.openEncoder(), codec.openDecoder(mostPixels)];
      for (let index = 0; index < 5; index++) {
        const frame = drawnFrame({ width, height }, index);
        const encoded = encoder.encode({ frame, ...settings });
        assert.ok(encoded !== undefined);
        const decoding = decoder.decode(encoded);
        assert.ok(decoding.kind === "frame");
        assert.deepEqual([decoding.frame.width, decoding.frame.height], [width, height]);
        assert.ok(meanDifference(decoding.frame, frame) < 6);
      }
      encoder.close();
      decoder.close();
    });
  }

  it("makes a key frame first, on demand, and when the size changes", function () {
    const codec = needsCodec(this);
    const encoder = codec.openEncoder();
    const encoded = (width: number, keyFrame: boolean) => {
      const bytes = encoder.encode({ frame: drawnFrame({ width, height: 120 }, 0), ...settings, keyFrame });
      return bytes === undefined ? undefined : vp8Header(bytes);
    };
    assert.deepEqual(
      [encoded(160, false), encoded(160, false), encoded(160, true), encoded(160, false), encoded(320, false)],
      [
        { key: true, size: { width: 160, height: 120 } },
        { key: false },
        { key: true, size: { width: 160, height: 120 } },
        { key: false },
        { key: true, size: { width: 320, height: 120 } },
      ],
    );
    encoder.close();
  });

  it("follows the bit rate", function () {
    const codec = needsCodec(this);
    const encoder = codec.openEncoder();
    const random = seededRandom(7);
    const noise = () => noiseFrame({ width: 160, height: 120 }, random, 128);
    const bytesAt = (kbps: number): number => {
      let sum = 0;
      for (let index = 0; index < 30; index++) {
        sum += encoder.encode({ frame: noise(), ...settings, kbps })?.length ?? 0;
      }
      return sum;
    };
    const [high, low] = [bytesAt(4000), bytesAt(200)];
    assert.ok(low < high * 0.7, `${low} bytes of ${high}`);
    encoder.close();
  });

  it("refuses a frame that declares more pixels than the limit, before it allocates them", function () {
    const codec = needsCodec(this);
    const decoder = codec.openDecoder(mostPixels);
    const huge = Buffer.from([0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(decoder.decode(huge), {
      kind: "damaged",
      message: "the frame is 16383x16383, limit 307200 pixels",
    });
    decoder.close();
  });

  it("survives damaged frames", function () {
    const codec = needsCodec(this);
    const [encoder, decoder] = [codec.openEncoder(), codec.openDecoder(mostPixels)];
    const random = seededRandom(17);
    for (let index = 0; index < 200; index++) {
      const encoded = encoder.encode({ frame: drawnFrame({ width: 160, height: 120 }, index), ...settings });
      assert.ok(encoded !== undefined);
      const damaged = Buffer.from(encoded.subarray(0, Math.ceil(random() * encoded.length)));
      for (let flips = 0; flips < 4; flips++) damaged[Math.floor(random() * damaged.length)] = random() * 256;
      decoder.decode(index % 3 === 0 ? encoded : damaged);
    }
    const last = encoder.encode({ frame: drawnFrame({ width: 160, height: 120 }, 1), ...settings, keyFrame: true });
    assert.equal(decoder.decode(last ?? Buffer.alloc(0)).kind, "frame");
    encoder.close();
    decoder.close();
  });

  it("names the package to install if it is missing", () => {
    assert.throws(() => openLibvpx([["libvpx.so.none", "libvpx-none"]]), {
      name: "CodecMissing",
      message: "live video needs libvpx, and libvpx.so.none are not installed: install libvpx-none",
    });
  });

  it("is refused in a release whose structures are not known", () => {
    assert.deepEqual(["v1.12.0", "v1.15.0-deb", "v1.16.0", "v1.1.0", ""].map(encoderAbiOf), [
      25,
      36,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
