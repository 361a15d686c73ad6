/**
 * Compares the processor with FastAPI and with the raw loop: `node bench/processor/main.ts [--rounds N] [--seconds S] [--out FOLDER]`.
 * All three take turns within each round, so that other load on the machine affects all of them. A ratio is that of one round; the
 * result is the median of the ratios.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { builtInModelFile } from "../../workload/src/models/built-in.ts";
import type { RawFigures, ServerFigures } from "./figures.ts";
import { markdown, type CaseResult, type Results } from "./report.ts";
import { measureLoad, run, startFastApi, startProcessor } from "./servers.ts";
import { writePictures } from "./pictures.ts";
import { tinyModel } from "./tiny-model.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    only: { type: "string", default: "tiny,anime4k" },
    connections: { type: "string", default: "1,8,32,100" },
    out: { type: "string", default: join(tmpdir(), "gpumedia-bench") },
  },
});
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "gpumedia-bench-"));
const threads = availableParallelism();

const pictures = await writePictures(folder);
const tiny = join(folder, "tiny.onnx");
writeFileSync(tiny, tinyModel());
const models = [
  {
    name: "tiny",
    model: tiny,
    picture: pictures.small,
    env: { GPUMEDIA_MODEL_NAME: "tiny", GPUMEDIA_MODEL_PATH: tiny },
  },
  {
    name: "anime4k",
    model: builtInModelFile("anime4k-2x-s"),
    picture: pictures.large,
    env: { GPUMEDIA_MODEL_SIZE: "s" },
  },
].filter(({ name }) => values.only.split(",").includes(name));

const cases: CaseResult[] = [];
for (const { name, model, picture, env } of models) {
  const servers = [await startFastApi(model), await startProcessor(env)];
  for (const connections of values.connections.split(",").map(Number)) {
    const result: CaseResult = { model: name, connections, rounds: [], peakMiB: {} };
    for (let round = 0; round < Number(values.rounds); round++) {
      const raw = await rawLoop(model, picture);
      const figures: Record<string, ServerFigures> = {};
      // In alternating order: after the raw loop the cores may be slower.
      for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
        figures[server.name] = await measureLoad(server, picture, connections, values.seconds);
      }
      result.rounds.push({ raw, figures });
      process.stderr.write(
        `${name} c=${connections} ${round + 1}: raw ${raw.perSecond.toFixed(1)}/s cpu ${raw.cpuMs.toFixed(2)} ${line(figures)}\n`,
      );
    }
    for (const server of servers) result.peakMiB[server.name] = Math.round(server.peakMiB());
    cases.push(result);
  }
  await Promise.all(servers.map((server) => server.stop()));
}

const results: Results = {
  date: new Date().toISOString(),
  machine: `${threads} cores, ${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}`,
  secondsEach: Number(values.seconds),
  cases,
};
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, "processor.json"), `${JSON.stringify(results, null, 2)}\n`);
writeFileSync(join(values.out, "processor.md"), markdown(results));
process.stdout.write(markdown(results));

async function rawLoop(model: string, picture: string): Promise<RawFigures> {
  const args = [here("raw-loop.ts"), model, picture, String(threads), values.seconds];
  return JSON.parse(await run(process.execPath, args)) as RawFigures;
}

function line(figures: Readonly<Record<string, ServerFigures>>): string {
  return Object.entries(figures)
    .map(([name, { perSecond, p50, p99, livezP99, failed, cpuMs }]) => {
      const failures = failed > 0 ? ` FAILED ${failed}` : "";
      return `| ${name} ${perSecond.toFixed(1)}/s p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} livez ${livezP99.toFixed(1)} cpu ${cpuMs.toFixed(2)}${failures}`;
    })
    .join(" ");
}
