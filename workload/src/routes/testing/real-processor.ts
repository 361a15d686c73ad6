/** A whole processor in this process, on loopback and a free port, with the built-in model. */
import { Writable } from "node:stream";
import type { ProcessorConfig } from "@gpumedia/api";
import { readConfig } from "../../config/read-config.ts";
import { createLogger } from "../../process/log.ts";
import type { Peers } from "../../live/peer-pods.ts";
import { type Processor, serve } from "../../serve.ts";

export interface RealProcessor extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** What was logged as an error. */
  readonly errors: readonly string[];
  readonly processor: Processor;
}

// With the defaults, a machine that has other work rejects a second picture with 503, or ends one with 504.
const patient: ProcessorConfig = { queue: { maxWait: "60s" }, requestTimeout: "300s" };

/**
 * `path`: of the configuration file, which may be missing; its folder may have the targets of a service. `peers`: other pods, for live
 * video.
 */
export async function realProcessor(
  config: ProcessorConfig = {},
  path?: string,
  peers?: Peers,
): Promise<RealProcessor> {
  const queue = { ...patient.queue, ...config.queue };
  const settings = { workers: 2, ...patient, ...config, queue, listen: { host: "127.0.0.1", port: 0 } };
  const reading = readConfig(JSON.stringify(settings), {});
  if (reading.kind === "wrong") throw new Error(JSON.stringify(reading.values));
  const errors: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      errors.push(String(chunk));
      done();
    },
  });
  const processor = await serve({
    settings: reading.settings,
    log: createLogger("error", destination),
    env: {},
    ...(peers === undefined ? {} : { peers }),
    file: path === undefined ? undefined : { path, text: "" },
  });
  const { port } = new URL(processor.url);
  const stop = async (): Promise<void> => void (await processor.stop());
  return { url: processor.url, port: Number(port), errors, processor, [Symbol.asyncDispose]: stop };
}
