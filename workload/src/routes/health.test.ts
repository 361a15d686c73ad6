import assert from "node:assert/strict";
import { health } from "./health.ts";
import { appWith, fakeContext } from "./testing/fake-context.ts";

describe("/livez", () => {
  const cases = [
    { name: "succeeds while a worker has been stuck for up to a minute", stuckForMs: 60_000, status: 200, body: "ok" },
    {
      name: "fails after that: only a restart ends the thread",
      stuckForMs: 60_001,
      status: 503,
      body: "a worker has been stuck for 60 s in a call that does not return",
    },
  ];
  for (const { name, stuckForMs, status, body } of cases) {
    it(name, async () => {
      const context = fakeContext();
      context.pipeline.stuckForMs = stuckForMs;
      const app = await appWith(health, context);
      const answer = await app.inject("/livez");
      assert.deepEqual([answer.statusCode, answer.body], [status, body]);
    });
  }
});
