import assert from "node:assert/strict";
import { array, assert as check, asyncProperty, nat, string } from "fast-check";
import { endsInitialEvents, lines, watchEvents, type WatchEvent } from "./client-watch.ts";
import { bookmark, initialEventsEnd, storedObject } from "./object.sample.ts";

const request = { method: "GET", path: "/api/v1/pods?watch=true" };

async function* stream(chunks: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** Returns the items before the error as well. */
async function collectUntilError<T>(items: AsyncIterable<T>): Promise<{ collected: T[]; error: unknown }> {
  const collected: T[] = [];
  try {
    for await (const item of items) collected.push(item);
  } catch (error) {
    return { collected, error };
  }
  return { collected, error: undefined };
}

const added = (name: string): WatchEvent => ({ type: "ADDED", object: storedObject({ name }) });

const text = (event: unknown): string => `${JSON.stringify(event)}\n`;

describe("the lines of a watch", () => {
  it("are complete, however the bytes are split into chunks", async () => {
    const line = string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes("\n"));
    const cuts = array(nat(), { maxLength: 20 });
    await check(
      asyncProperty(array(line), cuts, async (texts, cuts) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(""));
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        assert.deepEqual(await collect(lines(request, stream(chunks))), texts);
      }),
    );
  });

  it("are skipped when empty", async () => {
    assert.deepEqual(await collect(lines(request, stream(["\na\n", "\n", "b\n"]))), ["a", "b"]);
  });

  it("are not buffered without limit", async () => {
    let sent = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (; ; sent++) yield Buffer.alloc(10, "x");
    }
    await assert.rejects(collect(lines(request, endless(), 95)), {
      name: "ApiError",
      status: 0,
      reason: "Unreachable",
      message: "a line of the watch is longer than 95 bytes",
    });
    assert.equal(sent, 9);
  });
});

describe("the events of a watch", () => {
  it("that exist at its beginning end with an annotated bookmark", () => {
    const annotated = storedObject({ annotations: { "k8s.io/initial-events-end": "true" } });
    const events: readonly WatchEvent[] = [bookmark(9), { type: "ADDED", object: annotated }, initialEventsEnd(9)];
    assert.deepEqual(events.map(endsInitialEvents), [false, false, true]);
  });

  it("end when the server closes the watch", async () => {
    const events = [added("ä-😀"), bookmark(9)];
    assert.deepEqual(await collect(watchEvents(request, stream(events.map(text)))), events);
  });

  const broken: Readonly<Record<string, readonly [tail: string, expected: object]>> = {
    "an ERROR event": [
      text({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } }),
      { status: 410, reason: "Expired", message: "too old" },
    ],
    "the end of the stream within an event": [
      text(added("b")).slice(0, 20),
      { status: 0, reason: "Unreachable", message: "the watch ended within an event" },
    ],
    "a line that is not JSON": [
      "no JSON\n",
      { status: 0, reason: "Unreachable", message: "a line of the watch is not JSON: no JSON" },
    ],
  };
  for (const [name, [tail, expected]] of Object.entries(broken)) {
    it(`up to ${name} are delivered, then it throws`, async () => {
      const { collected, error } = await collectUntilError(watchEvents(request, stream([text(added("a")), tail])));
      assert.deepEqual(collected, [added("a")]);
      assert.throws(
        () => {
          throw error;
        },
        { name: "ApiError", ...request, ...expected },
      );
    });
  }
});
