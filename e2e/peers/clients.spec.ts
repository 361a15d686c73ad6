/** Clients of the Open Inference Protocol and load generators by other projects, of released versions, beside a real processor. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { realProcessor, type RealProcessor } from "@gpumedia/processor/src/routes/testing/real-processor.ts";
import { photographFile } from "@gpumedia/processor/src/testing/photographs.ts";
import { k6Program, runK6 } from "./k6.ts";
import { pythonWith, whyNoPython } from "./python.ts";
import { runWrk, whyNoWrk } from "./wrk.ts";

const here = (path: string): string => fileURLToPath(new URL(`clients/${path}`, import.meta.url));
const why = whyNoPython();
// Installation and build take minutes. No hook's timeout runs while mocha loads the specs.
const python = why === undefined ? await pythonWith(here("requirements.txt")) : "";
await k6Program();

const model = "anime4k-2x";
/** The pixels that both scripts send: 8x6, a ramp. */
const pixels = Array.from({ length: 8 * 6 * 3 }, (_, index) => index % 251);
const errors = {
  "unknown model": `no model "other"; this processor serves "${model}"`,
  "wrong type": 'input "image" is FP32, the model requires UINT8',
};

describe("with a processor,", function () {
  this.timeout(120_000);
  let processor: RealProcessor;
  /** A result of a script: type, shape and digest of the tensor that the client has made of the response. */
  let expected: string;

  before(async () => {
    processor = await realProcessor({ workers: 1 });
    expected = await tensorOf(await withoutClient());
  });
  after(async () => processor?.[Symbol.asyncDispose]());

  /** The tensor by plain JSON. */
  async function withoutClient(): Promise<readonly number[]> {
    const inputs = [{ name: "image", shape: [1, 6, 8, 3], datatype: "UINT8", data: pixels }];
    const response = await fetch(`${processor.url}/v2/models/${model}/infer`, {
      method: "POST",
      body: JSON.stringify({ inputs }),
    });
    const { outputs } = (await response.json()) as {
      readonly outputs: readonly [{ readonly data: readonly number[] }];
    };
    return outputs[0].data;
  }

  async function answersTo(script: string): Promise<Answers> {
    const { stdout } = await promisify(execFile)(python, [here(script), `127.0.0.1:${processor.port}`, model]);
    return JSON.parse(stdout) as Answers;
  }

  it("tritonclient 2.73.0 gets health, metadata, statistics, the same tensor in each encoding, and errors", async function () {
    skipWithout.call(this, why);
    const { ways, async: concurrent, ...rest } = await answersTo("triton.py");
    assert.equal(Object.keys(ways).length, 36);
    assert.deepEqual(new Set([...Object.values(ways), ...(concurrent ?? [])]), new Set([expected]));
    assert.deepEqual(rest, {
      live: true,
      ready: true,
      modelReady: true,
      otherReady: false,
      server: "gpumedia-processor",
      inputs: [{ name: "image", datatype: "UINT8", shape: [-1, -1, -1, 3] }],
      config: model,
      index: ["READY"],
      ids: ["0", "1", "2", "3", "4", "5", "6", "7"],
      version: expected,
      allCounted: true,
      errors: {
        "unknown model": { status: "404", message: errors["unknown model"] },
        "wrong name": { status: "400", message: 'no input "picture"; the model has "image"' },
        "wrong type": { status: "400", message: errors["wrong type"] },
        "wrong shape": {
          status: "400",
          message: 'input "image" has shape [1,6,24], the model requires [-1,-1,-1,3] (-1: any length from 1)',
        },
        "shared memory": { status: "404", message: "no such path: /v2/systemsharedmemory/status" },
      },
    });
  });

  it("KServe 0.21.0's client gets health, the same tensor in each encoding, its request's id, and errors", async function () {
    skipWithout.call(this, why);
    const { ways, ...rest } = await answersTo("kserve_client.py");
    assert.equal(Object.keys(ways).length, 7);
    assert.deepEqual(new Set(Object.values(ways)), new Set([expected]));
    assert.deepEqual(rest, {
      live: true,
      ready: true,
      modelReady: true,
      otherReady: false,
      ids: ["7", true],
      errors: {
        "unknown model": { status: 404, message: errors["unknown model"] },
        "wrong type": { status: 400, message: errors["wrong type"] },
      },
    });
  });

  describe("load generators post pictures:", () => {
    const seconds = 2;
    const load = () => ({ url: `${processor.url}/v1/process`, picture: photographFile("flower"), seconds });

    it("k6 1.8.1, in an open loop, gets a picture for each", async () => {
      const { requests, failed } = await runK6({ ...load(), ratePerSecond: 5 });
      assert.deepEqual([requests >= 10, failed], [true, 0]);
    });

    it("wrk 4.1.0, in a closed loop, gets a picture for each", async function () {
      skipWithout.call(this, whyNoWrk());
      const { requests, failed } = await runWrk({ ...load(), connections: 2 });
      assert.deepEqual([requests > 0, failed], [true, 0]);
    });
  });
});

/** Where the machine lacks a program that npm cannot install. */
function skipWithout(this: Mocha.Context, missing: string | undefined): void {
  if (missing === undefined) return;
  process.stdout.write(`    skipped: ${missing}\n`);
  // The missing program is none of npm's.
  this.skip();
}

interface Answers {
  readonly ways: Readonly<Record<string, string>>;
  readonly async?: readonly string[];
}

async function tensorOf(data: readonly number[]): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(data));
  return `uint8 [1, 12, 16, 3] ${Buffer.from(digest).toString("hex")}`;
}
