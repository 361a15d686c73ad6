/**
 * Throughput and latency over `batch.maxDelay`: `node bench/processor/batching.ts [--rounds N] [--seconds S] [--connections C]`.
 * With the tiny model, as a wait costs most where inference is fastest. The settings take turns within each round.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median, type ServerFigures } from "./figures.ts";
import { writePictures } from "./pictures.ts";
import { measureLoad, startProcessor } from "./servers.ts";
import { tinyModel } from "./tiny-model.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "8" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "gpumedia-batching-"));
const model = join(folder, "tiny.onnx");
writeFileSync(model, tinyModel());
const { small } = await writePictures(folder);

const delays = ["0ms", "1ms", "2ms", "5ms"];
const found: ServerFigures[][] = delays.map(() => []);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [index, delay] of delays.entries()) {
    const server = await startProcessor({
      GPUMEDIA_MODEL_NAME: "tiny",
      GPUMEDIA_MODEL_PATH: model,
      GPUMEDIA_BATCH_MAX_DELAY: delay,
    });
    found[index]?.push(await measureLoad(server, small, Number(values.connections), values.seconds));
    await server.stop();
  }
}

process.stdout.write(
  "| maxDelay | responses/s | p50 ms | p99 ms | CPU ms per response |\n| --- | --- | --- | --- | --- |\n",
);
for (const [index, figures] of found.entries()) {
  const of = (name: keyof ServerFigures, digits: number): string =>
    median(figures.map((one) => one[name])).toFixed(digits);
  process.stdout.write(
    `| ${delays[index]} | ${of("perSecond", 1)} | ${of("p50", 1)} | ${of("p99", 1)} | ${of("cpuMs", 2)} |\n`,
  );
}
