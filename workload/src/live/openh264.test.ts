import assert from "node:assert/strict";
import { seededRandom } from "../testing/random.ts";
import { isH264KeyFrame, nalUnits } from "./h264-payload.ts";
import { releaseOf } from "./openh264-abi.ts";
import { openOpenh264 } from "./openh264.ts";
import { drawnFrame, meanDifference, noiseFrame } from "./testing/drawn-frame.ts";
import { needsCodec } from "./testing/live-codec.ts";

const mostPixels = 640 * 480;
const settings = { duration: 3000, keyFrame: false, kbps: 1000 };

describe("OpenH264", () => {
  const sizes = [
    ["an ordinary size", { width: 320, height: 240 }, { width: 320, height: 240 }],
    ["an odd size, without its last column and row", { width: 241, height: 181 }, { width: 240, height: 180 }],
    ["a size that is too small, with its edge repeated", { width: 1, height: 1 }, { width: 16, height: 16 }],
  ] as const;
  for (const [what, size, expected] of sizes) {
    it(`encodes and decodes ${what}`, function () {
      const codec = needsCodec(this, "H264");
      const [encoder, decoder] = [codec.openEncoder(), codec.openDecoder(mostPixels)];
      for (let index = 0; index < 5; index++) {
        const frame = drawnFrame(size, index);
        const encoded = encoder.encode({ frame, ...settings });
        assert.ok(encoded !== undefined);
        const decoding = decoder.decode(encoded);
        assert.ok(decoding.kind === "frame");
        const { width, height } = decoding.frame;
        assert.deepEqual({ width, height }, expected);
        if (width === size.width) assert.ok(meanDifference(decoding.frame, frame) < 6);
      }
      encoder.close();
      decoder.close();
    });
  }

  it("sends constrained baseline, which all clients decode", function () {
    const encoder = needsCodec(this, "H264").openEncoder();
    const encoded = encoder.encode({ frame: drawnFrame({ width: 160, height: 120 }, 0), ...settings });
    const [sps] = nalUnits(encoded ?? Buffer.alloc(0));
    assert.deepEqual([sps?.[1], (sps?.[2] ?? 0) & 0xc0], [66, 0xc0]);
    encoder.close();
  });

  it("makes a key frame first, on demand, and when the size changes, and no others", function () {
    const encoder = needsCodec(this, "H264").openEncoder();
    const isKey = (width: number, index: number, keyFrame = false) => {
      const bytes = encoder.encode({ frame: drawnFrame({ width, height: 120 }, index), ...settings, keyFrame });
      return bytes !== undefined && isH264KeyFrame(bytes);
    };
    const first = Array.from({ length: 40 }, (_, index) => isKey(160, index * 9));
    assert.deepEqual(
      first.map((key, index) => (key ? index : -1)).filter((index) => index >= 0),
      [0],
    );
    assert.deepEqual([isKey(160, 1, true), isKey(160, 2), isKey(320, 3), isKey(320, 4)], [true, false, true, false]);
    encoder.close();
  });

  it("follows the bit rate", function () {
    const encoder = needsCodec(this, "H264").openEncoder();
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

  it("follows the bit rate at the frame rate that frames have", function () {
    const encoder = needsCodec(this, "H264").openEncoder();
    const random = seededRandom(8);
    const noise = () => noiseFrame({ width: 160, height: 120 }, random, 64);
    const bytesOf = (duration: number): number => {
      let [sum, time] = [0, 0];
      for (; time < 90_000 * 12; time += duration) {
        const bytes = encoder.encode({ frame: noise(), ...settings, duration, kbps: 400 })?.length ?? 0;
        if (time >= 90_000 * 6) sum += bytes;
      }
      return sum;
    };
    const [fast, slow] = [bytesOf(3000), bytesOf(18_000)];
    // Told 30 frames/s, the encoder would use a sixth at 5.
    assert.ok(slow > fast / 2 && slow < fast * 2, `${slow} bytes at 5 frames/s, ${fast} at 30`);
    encoder.close();
  });

  it("refuses a frame that declares more pixels than the limit, before its decoder gets it", function () {
    const codec = needsCodec(this, "H264");
    const [encoder, decoder] = [codec.openEncoder(), codec.openDecoder(mostPixels)];
    const encoded = encoder.encode({ frame: drawnFrame({ width: 800, height: 600 }, 0), ...settings });
    assert.deepEqual(decoder.decode(encoded ?? Buffer.alloc(0)), {
      kind: "damaged",
      message: "the frame is 800x608, limit 307200 pixels",
    });
    encoder.close();
    decoder.close();
  });

  it("asks for a key frame when a frame refers to one that is missing, and goes on with it", function () {
    const codec = needsCodec(this, "H264");
    const [encoder, decoder] = [codec.openEncoder(), codec.openDecoder(mostPixels)];
    const encode = (index: number, keyFrame = false) =>
      encoder.encode({ frame: drawnFrame({ width: 160, height: 120 }, index), ...settings, keyFrame }) ??
      Buffer.alloc(0);
    encode(0);
    assert.equal(decoder.decode(encode(1)).kind, "damaged");
    assert.equal(decoder.decode(encode(2, true)).kind, "frame");
    assert.equal(decoder.decode(encode(3)).kind, "frame");
    encoder.close();
    decoder.close();
  });

  it("can be opened and closed often", function () {
    const codec = needsCodec(this, "H264");
    for (let count = 0; count < 50; count++) {
      const [encoder, decoder] = [codec.openEncoder(), codec.openDecoder(mostPixels)];
      const frame = drawnFrame({ width: 64 + count, height: 48 }, 0);
      assert.equal(decoder.decode(encoder.encode({ frame, ...settings }) ?? Buffer.alloc(0)).kind, "frame");
      encoder.close();
      decoder.close();
      encoder.close();
    }
  });

  it("names the package to install if it is missing", () => {
    assert.throws(() => openOpenh264([["libopenh264.so.none", "libopenh264-none"]]), {
      name: "CodecMissing",
      message: "live video needs OpenH264, and libopenh264.so.none are not installed: install libopenh264-none",
    });
  });

  it("is refused in a release whose structures are not known", () => {
    assert.deepEqual(["2.3.1", "2.6.0", "2.4.0", "2.3.10", ""].map(releaseOf), [
      { layerBytes: 40 },
      { layerBytes: 56 },
      undefined,
      undefined,
      undefined,
    ]);
  });
});
