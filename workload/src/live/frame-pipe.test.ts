import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { MessageReader, writeMessage, type PipeMessage } from "./frame-pipe.ts";
import { drawnFrame } from "./testing/drawn-frame.ts";

const messages: readonly PipeMessage[] = [
  {
    session: 0,
    kind: "frame",
    frame: { ...drawnFrame({ width: 5, height: 3 }, 0), timestamp: 0xff_ff_ff_ff, dropped: 3 },
  },
  { session: 65_535, kind: "done" },
  { session: 7, kind: "encoded", encoded: { encoding: 9, key: true, timestamp: 3000, bytes: new Uint8Array([1, 2]) } },
  {
    session: 3,
    kind: "audio",
    audio: { sequenceNumber: 65_535, timestamp: 960, marker: true, bytes: new Uint8Array([7]) },
  },
  { session: 1, kind: "frame", frame: { ...drawnFrame({ width: 16, height: 8 }, 1), timestamp: 0, dropped: 0 } },
];

function written(): Buffer {
  const pipe = new PassThrough();
  for (const message of messages) writeMessage(pipe, message);
  return pipe.read() as Buffer;
}

describe("the pipe of a media process", () => {
  for (const length of [1, 7, 20, 1000]) {
    it(`is read in chunks of ${length} bytes`, () => {
      const read: PipeMessage[] = [];
      const reader = new MessageReader(1000, (message) => read.push(message));
      const bytes = written();
      for (let at = 0; at < bytes.length; at += length) reader.read(bytes.subarray(at, at + length));
      assert.deepEqual(read, messages);
    });
  }

  const wrong = [
    ["an unknown type", 0, 9, "message of type 9"],
    ["a length that is not its size's", 16, 24, "frame of 5x3 with 24 bytes"],
    ["a size that is not its length's", 2, 6, "frame of 6x3 with 27 bytes"],
  ] as const;
  for (const [what, at, value, message] of wrong) {
    it(`is not trusted with ${what}`, () => {
      const bytes = written();
      bytes[at] = value;
      assert.throws(() => new MessageReader(1000, () => undefined).read(bytes), { message });
    });
  }

  it("is not trusted with an encoded frame of 4 GB", () => {
    const bytes = Buffer.alloc(20, 0xff);
    bytes[0] = 3;
    assert.throws(() => new MessageReader(1000, () => undefined).read(bytes), /encoded frame with 4294967295 bytes/);
  });

  it("is not trusted with more pixels than the limit", () => {
    assert.throws(() => new MessageReader(10, () => undefined).read(written()), /frame of 5x3 with 27 bytes/);
  });
});
