/**
 * Measures live video: `node bench/live/main.ts [--seconds S] [--rounds N] [--only NAMES] [--out FILE]`. Clients run in this process, and
 * Chromium where there is one; CPU time and memory are those of the processor and its media processes. Each figure is the median of the
 * rounds.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Context } from "mocha";
import { needsCodec } from "../../workload/src/live/testing/live-codec.ts";
import { tinyModel } from "../processor/tiny-model.ts";
import { runScenario, scenarios, type Figures, type ScenarioName } from "./scenarios.ts";
import { median } from "../processor/figures.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: Object.keys(scenarios).join(",") },
    out: { type: "string" },
  },
});
const codec = needsCodec({ skip: () => process.exit(1) } as unknown as Context);
const tiny = join(mkdtempSync(join(tmpdir(), "gpumedia-bench-live-")), "tiny.onnx");
writeFileSync(tiny, tinyModel());

const results: Record<string, Figures> = {};
for (const name of values.only.split(",") as ScenarioName[]) {
  const rounds: Figures[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const figures = await runScenario(name, { codec, tiny, seconds: Number(values.seconds) });
    if (figures === undefined) break;
    rounds.push({ ...figures, load: loadavg()[0] ?? 0 });
    process.stderr.write(`${name} ${JSON.stringify(rounds.at(-1))}\n`);
  }
  const [first] = rounds;
  if (first === undefined) continue;
  results[name] = Object.fromEntries(
    Object.keys(first).map((key) => [
      key,
      Math.round(median(rounds.map((each) => each[key] ?? Number.NaN)) * 100) / 100,
    ]),
  );
}
const text = `${JSON.stringify(results, null, 2)}\n`;
process.stdout.write(text);
if (values.out !== undefined) writeFileSync(values.out, text);
process.exit(0);
