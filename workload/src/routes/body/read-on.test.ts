import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { readOn, type ReadOnBounds } from "./read-on.ts";

const wide: ReadOnBounds = { bytes: 1000, pauseMs: 60_000, totalMs: 60_000 };

describe("the rest of a refused body", () => {
  it("is read to its end, and the connection stays", async () => {
    const body = new PassThrough({ autoDestroy: false });
    body.write(Buffer.alloc(500));
    body.end(Buffer.alloc(500));
    await readOn(body as unknown as IncomingMessage, wide);
    assert.deepEqual([body.readableEnded, body.destroyed], [true, false]);
  });

  const closed: Readonly<Record<string, Partial<ReadOnBounds>>> = {
    "when it is larger than the bound": { bytes: 499 },
    "when it pauses": { pauseMs: 10 },
    "when it takes too long": { totalMs: 10 },
  };
  for (const [when, bound] of Object.entries(closed)) {
    it(`is given up ${when}, and the connection is closed`, async () => {
      const body = new PassThrough();
      body.write(Buffer.alloc(500));
      await readOn(body as unknown as IncomingMessage, { ...wide, ...bound });
      assert.equal(body.destroyed, true);
    });
  }
});
