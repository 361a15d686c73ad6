import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bearer, tokenFile, type Token } from "./connection-credentials.ts";

describe("a token", () => {
  let now = 0;
  beforeEach(() => (now = 0));

  it("is used until it expires, then the next one is fetched once", async () => {
    let fetched = 0;
    const next = async (): Promise<Token> => ({ token: `${++fetched}`, until: now + 1000 });
    const authorization = bearer(next, undefined, () => now);
    const seen: (string | undefined)[] = [];
    for (now of [0, 999, 1000, 1999, 5000]) seen.push(...(await Promise.all([authorization(), authorization()])));
    const expected = ["1", "1", "1", "1", "2", "2", "2", "2", "3", "3"];
    assert.deepEqual(
      seen,
      expected.map((token) => `Bearer ${token}`),
    );
  });

  it("that cannot be fetched fails the request, and is fetched again by the next one", async () => {
    let fetched = 0;
    const next = async (): Promise<Token> => {
      if (++fetched === 1) throw new Error("log in first");
      return { token: "t", until: 1000 };
    };
    const authorization = bearer(next, undefined, () => now);
    await assert.rejects(authorization(), /log in first/);
    assert.equal(await authorization(), "Bearer t");
  });

  it("in a file is read again after a minute", async () => {
    const directory = await mkdtemp(join(tmpdir(), "token-"));
    try {
      const file = join(directory, "token");
      await writeFile(file, "first\n");
      const authorization = tokenFile(file, () => now);
      const seen = [await authorization()];
      await writeFile(file, "second\n");
      now = 59_999;
      seen.push(await authorization());
      now = 60_000;
      seen.push(await authorization());
      assert.deepEqual(seen, ["Bearer first", "Bearer first", "Bearer second"]);
      await writeFile(file, "\n");
      now = 120_000;
      await assert.rejects(authorization(), { name: "ConnectionError", message: `${file} is empty` });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
