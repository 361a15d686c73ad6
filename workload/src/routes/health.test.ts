import assert from "node:assert/strict";
import { health } from "./health.ts";
import { appWith, fakeContext } from "./testing/fake-context.ts";

describe("/livez", () => {
  const cases = [
    { name: "lives while a worker has been held for a minute", heldForMs: 60_000, status: 200, body: "ok" },
    {
      name: "asks for a restart after that: the thread can't be ended",
      heldForMs: 60_001,
      status: 503,
      body: "a worker has been held for 60 s by a call that does not return",
    },
  ];
  for (const { name, heldForMs, status, body } of cases) {
    it(name, async () => {
      const context = fakeContext();
      context.pipeline.heldForMs = heldForMs;
      const app = await appWith(health, context);
      const answer = await app.inject("/livez");
      assert.deepEqual([answer.statusCode, answer.body], [status, body]);
    });
  }
});
