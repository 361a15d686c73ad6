/**
 * A processor for tests whose workers run the program of the first argument, a URL. It sends itself pictures that end in `fail`, until
 * it ends as the command does.
 */
import { readConfig } from "../config/read-config.ts";
import { createLogger } from "../process/log.ts";
import { exitWith } from "../process/termination.ts";
import { CannotStart, serve } from "../serve.ts";
import sharp from "sharp";

const reading = readConfig("{workers: 1, listen: {host: 127.0.0.1, port: 0}}", {});
if (reading.kind === "wrong") throw new Error(JSON.stringify(reading.values));
const workerProgram = new URL(process.argv[2] ?? "");

try {
  const options = { settings: reading.settings, log: createLogger("silent"), env: {}, workerProgram };
  const processor = await serve(options);
  void sendPictures(`${processor.url}/v1/process`);
  await processor.failed;
} catch (error) {
  if (!(error instanceof CannotStart)) throw error;
  exitWith(error.exitCode, [error.message]);
}

async function sendPictures(url: string): Promise<void> {
  const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  const body = Buffer.concat([jpeg, Buffer.from("fail")]);
  for (;;) {
    // While a worker is replaced, and after the end, there is no answer.
    await fetch(url, { method: "POST", headers: { "content-type": "image/jpeg" }, body }).catch(() => undefined);
  }
}
