import assert from "node:assert/strict";
import { threadId, Worker } from "node:worker_threads";
import { once } from "node:events";
import type { FastifyInstance } from "fastify";
import { appWith, fakeContext } from "../testing/fake-context.ts";
import { profiling } from "./profiling.ts";

async function withApp(test: (app: FastifyInstance) => Promise<void>, isDevelopment = true): Promise<void> {
  const app = await appWith(
    profiling,
    fakeContext((settings) => ({ ...settings, development: isDevelopment })),
  );
  try {
    await test(app);
  } finally {
    await app.close();
  }
}

/** Names of functions in a CPU profile. */
function functionsOf(body: string): ReadonlySet<string> {
  const { nodes } = JSON.parse(body) as {
    readonly nodes: readonly { readonly callFrame: { readonly functionName: string } }[];
  };
  return new Set(nodes.map(({ callFrame }) => callFrame.functionName));
}

function spinInTest(untilMs: number): void {
  while (performance.now() < untilMs) JSON.parse("[1,2,3]");
}

describe("profiles", () => {
  it("are not served in production", () =>
    withApp(async (app) => {
      for (const path of ["cpu-profile", "heap-snapshot", "onnx-profile"]) {
        assert.equal((await app.inject(`/debug/${path}`)).statusCode, 404);
      }
    }, false));

  it("show what the main thread does", () =>
    withApp(async (app) => {
      const answer = app.inject("/debug/cpu-profile?seconds=1");
      const spinning = setInterval(() => spinInTest(performance.now() + 10), 20);
      const { statusCode, headers, body } = await answer;
      clearInterval(spinning);
      assert.deepEqual(
        [statusCode, headers["content-disposition"]],
        [200, 'attachment; filename="thread-main.cpuprofile"'],
      );
      assert.ok(functionsOf(body).has("spinInTest"));
    }));

  it("show what a worker does", () =>
    withApp(async (app) => {
      // Calls itself: of a function that V8 has inlined into its caller before the profile begins the name is lost.
      const code = `const spinInWorker = (depth) => depth < 2 ? depth : spinInWorker(depth - 1) + spinInWorker(depth - 2);
        setInterval(() => spinInWorker(22), 2);
        require("node:worker_threads").parentPort.postMessage("up");`;
      const worker = new Worker(code, { eval: true });
      await once(worker, "message");
      const { statusCode, body } = await app.inject(`/debug/cpu-profile?seconds=1&thread=${worker.threadId}`);
      await worker.terminate();
      assert.equal(statusCode, 200);
      assert.ok(functionsOf(body).has("spinInWorker"));
    }));

  it("report an unknown worker", () =>
    withApp(async (app) => {
      assert.equal(threadId, 0);
      assert.equal((await app.inject("/debug/cpu-profile?seconds=1&thread=999999")).statusCode, 404);
    }));

  it("are recorded one at a time", () =>
    withApp(async (app) => {
      const answers = await Promise.all([1, 2].map(async () => app.inject("/debug/cpu-profile?seconds=1")));
      assert.deepEqual(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200, 409]));
    }));

  it("show the heap", async () => {
    // Of a thread of its own: a snapshot of this one has all that the tests have loaded, and takes ten times as long.
    const code = `const { parentPort, workerData } = require("node:worker_threads");
      Promise.all(workerData.map((module) => import(module))).then(async ([{ appWith, fakeContext }, { profiling }]) => {
        const app = await appWith(profiling, fakeContext((settings) => ({ ...settings, development: true })));
        parentPort.postMessage((await app.inject("/debug/heap-snapshot")).body);
        await app.close();
      });`;
    const modules = ["../testing/fake-context.ts", "./profiling.ts"].map((file) => new URL(file, import.meta.url).href);
    const [body] = (await once(new Worker(code, { eval: true, workerData: modules }), "message")) as [string];
    const { snapshot } = JSON.parse(body) as { readonly snapshot: { readonly node_count: number } };
    assert.ok(snapshot.node_count > 1000);
  });

  it("show the model's nodes", () =>
    withApp(async (app) => {
      const { body } = await app.inject("/debug/onnx-profile?width=32&height=16&runs=2");
      const events = JSON.parse(body) as readonly { readonly name: string }[];
      assert.equal(events.filter(({ name }) => name === "model_run").length, 2);
      assert.ok(events.some(({ name }) => /conv.*kernel_time/i.test(name)));
    }));

  for (const query of [
    "cpu-profile?seconds=0",
    "cpu-profile?seconds=61",
    "cpu-profile?thread=x",
    "onnx-profile?runs=1e3",
  ]) {
    it(`refuse ${query}`, () =>
      withApp(async (app) => assert.equal((await app.inject(`/debug/${query}`)).statusCode, 400)));
  }
});
