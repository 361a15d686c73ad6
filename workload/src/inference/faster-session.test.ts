/** Which of two layouts is selected, with sessions made slow and fast on purpose. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { builtInModelFile } from "../models/built-in.ts";
import { fasterSession } from "./faster-session.ts";
import { learnContract } from "./learn-contract.ts";
import { openSession, type ModelSession } from "./session.ts";

const file = builtInModelFile("anime4k-2x-s");

async function choice(change: (session: ModelSession) => ModelSession["run"]) {
  const opened = await openSession(file, "cpu");
  let released = false;
  const original: ModelSession = {
    ...opened,
    run: change(opened),
    release: async () => {
      released = true;
      await opened.release();
    },
  };
  const { session, optimization } = await fasterSession(file, original, await learnContract(opened, {}));
  return { kept: session === original ? "default" : "alternative", optimization, released };
}

describe("the layout of the graph", () => {
  it("is the default if that is faster", async () => {
    assert.deepEqual(await choice(() => async () => ({})), { kept: "default", optimization: "all", released: false });
  });

  it("is the alternative if that is faster, and the default session is released", async () => {
    const slow = (session: ModelSession) => async (feeds: Parameters<ModelSession["run"]>[0]) => {
      await pause(300);
      return session.run(feeds);
    };
    assert.deepEqual(await choice(slow), { kept: "alternative", optimization: "extended", released: true });
  });
});
