import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServiceTargets } from "@gpumedia/api";
import { readTargets } from "./targets-file.ts";

const targets: ServiceTargets = {
  service: "upscaler",
  rules: "gpumedia-system/gpumedia-services",
  alerts: true,
  gpuMetrics: true,
  latencyP95Seconds: 0.02,
  memoryBytes: 4 * 2 ** 30,
  gpuUtilizationPercent: { min: 60, max: 80 },
};

describe("the targets of a service", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gpumedia-targets-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const read = () => readTargets(join(directory, "config.json"));
  const write = async (text: string): Promise<void> => {
    await writeFile(join(directory, "next"), text);
    await rename(join(directory, "next"), join(directory, "slo.json"));
  };

  it("are read from slo.json beside the configuration, again at each call", async () => {
    await write(JSON.stringify(targets));
    assert.deepEqual(await read(), targets);
    await write(JSON.stringify({ ...targets, latencyP95Seconds: 0.05 }));
    assert.equal((await read())?.latencyP95Seconds, 0.05);
  });

  it("may have members of a newer operator", async () => {
    await write(JSON.stringify({ ...targets, errorPercent: 1 }));
    assert.equal((await read())?.service, "upscaler");
  });

  const absent: Readonly<Record<string, string>> = {
    "the file is no JSON": "service: upscaler",
    "the file lacks a target": JSON.stringify({ ...targets, memoryBytes: undefined }),
    "a target is no number": JSON.stringify({ ...targets, latencyP95Seconds: "20ms" }),
  };
  for (const [title, text] of Object.entries(absent)) {
    it(`are not known if ${title}`, async () => {
      await write(text);
      assert.equal(await read(), undefined);
    });
  }

  it("are not known outside a GpuMediaService", async () => {
    assert.deepEqual([await read(), await readTargets(undefined)], [undefined, undefined]);
  });
});
