import assert from "node:assert/strict";
import { FrameAssembler, type Packet } from "./frame-assembler.ts";
import { videoFormats } from "./video-format.ts";

const start = Buffer.from([0x10]);
const more = Buffer.from([0x00]);

/** Packet `at` of a stream whose frames have two packets each. */
function packet(at: number, change: Partial<Packet> = {}): Packet {
  const isFirst = at % 2 === 0;
  return {
    sequenceNumber: (65_534 + at) & 0xff_ff,
    timestamp: Math.floor(at / 2) * 3000,
    marker: !isFirst,
    payload: Buffer.concat([isFirst ? start : more, Buffer.from([at])]),
    ...change,
  };
}

const padding = { payload: Buffer.alloc(0), marker: false };

/** The frames as their bytes, with `!` after a loss. */
function assembled(packets: readonly Packet[], betweenMs = 0): readonly string[] {
  const assembler = new FrameAssembler(videoFormats.VP8);
  return packets.flatMap((each, index) =>
    assembler
      .push(each, index * betweenMs)
      .map(({ bytes, afterLoss }) => `${[...bytes].join(" ")}${afterLoss ? " !" : ""}`),
  );
}

describe("frames of RTP packets", () => {
  const cases = [
    ["in order, across the wrap of their numbers", [0, 1, 2, 3, 4, 5].map((at) => packet(at)), ["0 1", "2 3", "4 5"]],
    ["out of order", [0, 3, 2, 1, 5, 4].map((at) => packet(at)), ["0 1", "2 3", "4 5"]],
    ["twice", [0, 0, 1, 1, 0, 2, 3].map((at) => packet(at)), ["0 1", "2 3"]],
    [
      "with padding within a frame, as Chromium probes",
      [packet(0), packet(1, padding), packet(2, { ...packet(1), sequenceNumber: 0 })],
      ["0 1"],
    ],
    ["that begin within a frame", [1, 2, 3].map((at) => packet(at)), ["2 3"]],
  ] as const;
  for (const [what, packets, expected] of cases) {
    it(`that come ${what} are put together`, () => assert.deepEqual(assembled(packets), expected));
  }

  it("wait for a packet that is repeated in time", () => {
    assert.deepEqual(
      assembled(
        [0, 2, 3, 1].map((at) => packet(at)),
        40,
      ),
      ["0 1", "2 3"],
    );
  });

  it("are given up without a packet that does not come, and the next one is marked", () => {
    const packets = [0, 1, 2, 4, 5, 6, 7].map((at) => packet(at));
    assert.deepEqual(assembled(packets, 60), ["0 1", "4 5 !", "6 7"]);
  });

  it("are given up when a packet is damaged", () => {
    assert.deepEqual(assembled([packet(0), packet(1, { payload: Buffer.from([0x80]) }), packet(2), packet(3)]), [
      "2 3 !",
    ]);
  });
});
