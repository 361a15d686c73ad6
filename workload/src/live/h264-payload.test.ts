import assert from "node:assert/strict";
import type { RtpPacket } from "werift";
import { annexB, h264Payload, isH264KeyFrame, nalUnits, sizeInSps } from "./h264-payload.ts";
import { FrameAssembler, type Packet } from "./frame-assembler.ts";
import { packetizers } from "./outgoing-video.ts";
import { videoFormats } from "./video-format.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

function partsOf({ header: { sequenceNumber, timestamp, marker }, payload }: RtpPacket): Packet {
  return { sequenceNumber, timestamp, marker, payload };
}

describe("H.264 in RTP", () => {
  const cases = [
    ["a single NAL unit", "61 aa bb", "unknown", "00000001 61 aa bb"],
    ["a single parameter set, which starts a frame", "67 42 00", "unless-within", "00000001 67 42 00"],
    [
      "several NAL units in one packet",
      "78 0002 67 42 0003 68 ce 01",
      "unless-within",
      "00000001 67 42 00000001 68 ce 01",
    ],
    ["the first fragment", "7c 85 aa bb", "unknown", "00000001 65 aa bb"],
    ["a fragment in the middle", "7c 05 cc", "unknown", "cc"],
    ["the last fragment", "7c 45 dd", "unknown", "dd"],
  ] as const;
  for (const [what, payload, start, expected] of cases) {
    it(`is read from ${what}`, () => assert.deepEqual(h264Payload(bytes(payload)), { start, bytes: bytes(expected) }));
  }

  const damaged = [
    ["nothing", ""],
    ["a lone header", "65"],
    ["a fragment without content", "7c 85"],
    ["an aggregate that is cut off", "78 0004 67 42"],
    ["an aggregate with an empty unit", "78 0000 0002 67 42"],
    ["an aggregate of nothing", "78"],
    ["an aggregate of packetization mode 2", "79 0000 0002 67 42"],
    ["type 0", "60 aa"],
  ] as const;
  for (const [what, payload] of damaged) {
    it(`is not read from ${what}`, () => assert.equal(h264Payload(bytes(payload)), undefined));
  }

  it("comes out as it went in, across packets of all kinds", () => {
    const slice = (type: number, length: number) => Buffer.concat([Buffer.from([type]), Buffer.alloc(length, 7)]);
    const frames = [
      [bytes("67 42c01f 8c"), bytes("68 ce3c"), slice(0x65, 4000)],
      [slice(0x61, 30)],
      [slice(0x61, 3000), slice(0x61, 2)],
    ].map(annexB);
    const packetizer = packetizers.H264(107);
    const assembler = new FrameAssembler(videoFormats.H264);
    const packets = frames.flatMap((frame, index) => packetizer.packetize(frame, index * 3000));
    const assembled = packets.flatMap((packet) => assembler.push(partsOf(packet), 0));
    assert.deepEqual(
      assembled.map((frame) => frame.bytes),
      frames,
    );
  });

  it("has no frame of which the first packet was lost", () => {
    const packetizer = packetizers.H264(107);
    const assembler = new FrameAssembler(videoFormats.H264);
    const frame = annexB([Buffer.alloc(3000, 0x61)]);
    const packets = [0, 1, 2].flatMap((index) => packetizer.packetize(frame, index * 3000));
    const kept = packets.filter((_, index) => index !== 3);
    const assembled = kept.flatMap((packet, at) => assembler.push(partsOf(packet), at * 100));
    assert.deepEqual(
      assembled.map(({ timestamp, afterLoss }) => [timestamp, afterLoss]),
      [[6000, true]],
    );
  });
});

describe("a frame of H.264", () => {
  it("is split at start codes of three and of four bytes", () => {
    const units = [bytes("67 42"), bytes("68 ce"), bytes("65 01 02")];
    assert.deepEqual(nalUnits(bytes("00000001 67 42 000001 68 ce 00 00000001 65 01 02")), units);
    assert.deepEqual(nalUnits(bytes("65 01 02")), []);
    assert.deepEqual(nalUnits(annexB(units)), units);
  });

  it("starts a stream if it has a key picture or a parameter set", () => {
    const keys = ["65 01", "67 42", "61 01", "68 ce"].map((unit) => isH264KeyFrame(annexB([bytes(unit)])));
    assert.deepEqual(keys, [true, true, false, false]);
  });

  const sizes = [
    // Written by OpenH264 2.3.1, and by x264.
    ["constrained baseline of 320x240", "67 42c00d 8c 8d 40 a0 fb cb 00 f0 88 46 a0", { width: 320, height: 240 }],
    [
      "high of 1280x720",
      "67 64001f ac d9 40 50 05 bb 01 10 00 00 03 00 10 00 00 03 03 c0 f1 83 19 60",
      { width: 1280, height: 720 },
    ],
    ["a profile with more than 8 bits", "67 6e001f ac d9 40", undefined],
    ["nothing, as it is cut off", "67 42c0", undefined],
    ["a size beyond all limits", "67 42c00d 00000000000000000000 01", undefined],
  ] as const;
  for (const [what, unit, size] of sizes) {
    it(`declares ${what}`, () => assert.deepEqual(sizeInSps(bytes(unit)), size));
  }
});
