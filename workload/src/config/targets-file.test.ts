import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTargets } from "./targets-file.ts";
import { sampleTargets } from "../testing/service-targets.ts";

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
    await write(JSON.stringify(sampleTargets));
    assert.deepEqual(await read(), sampleTargets);
    await write(JSON.stringify({ ...sampleTargets, latencyP95Seconds: 0.05 }));
    assert.equal((await read())?.latencyP95Seconds, 0.05);
  });

  it("may have members of a newer operator", async () => {
    await write(JSON.stringify({ ...sampleTargets, errorPercent: 1 }));
    assert.equal((await read())?.service, "upscaler");
  });

  const absent: Readonly<Record<string, string>> = {
    "the file is no JSON": "service: upscaler",
    "the file lacks a target": JSON.stringify({ ...sampleTargets, memoryBytes: undefined }),
    "a target is no number": JSON.stringify({ ...sampleTargets, latencyP95Seconds: "20ms" }),
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
