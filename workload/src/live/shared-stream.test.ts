import assert from "node:assert/strict";
import type { CodecName } from "./codec.ts";
import type { EncodedFrame } from "./frame-pipe.ts";
import type { Encoding } from "./media-messages.ts";
import { SharedStream } from "./shared-stream.ts";

const frame = (encoding: number, key: boolean): EncodedFrame => ({
  encoding,
  key,
  timestamp: 0,
  bytes: new Uint8Array(1),
});
/** What is sent to half of the highest bit rate and more, to a quarter, to an eighth. */
const vp8 = { fast: 0, first: 1, slow: 3 } as const;
const h264First = 9;

class Stream {
  readonly orders: (readonly Encoding[])[] = [];
  readonly requests: number[] = [];
  readonly got: string[] = [];
  readonly behind = new Set<string>();
  readonly shared = new SharedStream({
    mostKbps: 2500,
    order: (encodings) => void this.orders.push(encodings),
    requestKeyFrame: (encoding) => void this.requests.push(encoding),
  });

  join(id: string, codec: CodecName = "VP8"): void {
    this.shared.join({
      id,
      codec,
      send: ({ key }) => {
        if (this.behind.has(id)) return false;
        this.got.push(`${id}${key ? "!" : ""}`);
        return true;
      },
    });
  }
}

describe("viewers of a stream", () => {
  it("share one encoding, at the lowest bit rate among them", () => {
    const stream = new Stream();
    for (const id of ["a", "b", "c", "d", "e"]) stream.join(id);
    stream.shared.receivable("a", 1200);
    stream.shared.receivable("b", 800);
    assert.deepEqual(stream.orders, [
      [{ id: vp8.first, codec: "VP8", kbps: 1000 }],
      [{ id: vp8.first, codec: "VP8", kbps: 800 }],
    ]);
  });

  it("have an encoding for each codec", () => {
    const stream = new Stream();
    stream.join("a");
    stream.join("b", "H264");
    assert.deepEqual(stream.shared.encodings, [
      { id: vp8.first, codec: "VP8", kbps: 1000 },
      { id: h264First, codec: "H264", kbps: 1000 },
    ]);
    stream.shared.leave("a");
    assert.deepEqual(stream.shared.encodings, [{ id: h264First, codec: "H264", kbps: 1000 }]);
    stream.shared.leave("b");
    assert.deepEqual(stream.orders.at(-1), []);
  });

  it("that are slow have one of their own, and come back when they are faster", () => {
    const stream = new Stream();
    for (const id of ["a", "b"]) stream.join(id);
    stream.shared.receivable("a", 2000);
    stream.shared.receivable("b", 300);
    assert.deepEqual(stream.shared.encodings, [
      { id: vp8.fast, codec: "VP8", kbps: 2000 },
      { id: vp8.slow, codec: "VP8", kbps: 300 },
    ]);
    stream.shared.receivable("b", 1900);
    assert.deepEqual(
      stream.shared.encodings,
      [{ id: vp8.fast, codec: "VP8", kbps: 1900 }].map((each) => ({ ...each, kbps: 2000 })),
    );
    // Each change of the encoding starts with a key frame.
    assert.deepEqual(stream.requests, [vp8.first, vp8.first, vp8.fast, vp8.slow, vp8.fast]);
  });

  it("stay in their encoding while their bit rate varies around its border", () => {
    const stream = new Stream();
    stream.join("a");
    for (const kbps of [1300, 1200, 1400, 620, 530, 1250]) stream.shared.receivable("a", kbps);
    assert.deepEqual(new Set(stream.orders.flat().map(({ id }) => id)), new Set([vp8.first]));
  });

  it("do not get frames before their first key frame", () => {
    const stream = new Stream();
    stream.join("a");
    assert.deepEqual(stream.shared.encoded(frame(vp8.first, false)), [false]);
    stream.shared.encoded(frame(vp8.first, true));
    stream.join("b");
    stream.shared.encoded(frame(vp8.first, false));
    stream.shared.encoded(frame(vp8.first, true));
    stream.shared.encoded(frame(vp8.first, false));
    assert.deepEqual(stream.got, ["a!", "a", "a!", "b!", "a", "b"]);
  });

  it("that are behind skip frames until a key frame, and others do not", () => {
    const stream = new Stream();
    for (const id of ["a", "b"]) stream.join(id);
    stream.shared.encoded(frame(vp8.first, true));
    stream.behind.add("a");
    assert.deepEqual(stream.shared.encoded(frame(vp8.first, false)), [false, true]);
    stream.behind.delete("a");
    assert.deepEqual(stream.shared.encoded(frame(vp8.first, false)), [false, true]);
    assert.deepEqual(stream.shared.encoded(frame(vp8.first, true)), [true, true]);
    assert.deepEqual(stream.requests.slice(2), [vp8.first]);
  });

  it("get a key frame together when one of them asks", () => {
    const stream = new Stream();
    for (const id of ["a", "b"]) stream.join(id);
    stream.requests.length = 0;
    stream.shared.requestKeyFrame("b");
    assert.deepEqual([stream.requests, stream.shared.viewersOf(vp8.first)], [[vp8.first], ["a", "b"]]);
  });

  it("that have left are not sent to", () => {
    const stream = new Stream();
    stream.join("a");
    stream.shared.leave("a");
    stream.shared.receivable("a", 100);
    stream.shared.requestKeyFrame("a");
    assert.deepEqual([stream.shared.encoded(frame(vp8.first, true)), stream.shared.viewers], [[], 0]);
  });
});
