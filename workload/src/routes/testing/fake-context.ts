/** A route's context without workers: the model doubles by repeating pixels, unless the test replaces its results. */
import Fastify, { type FastifyInstance } from "fastify";
import { readConfig } from "../../config/read-config.ts";
import type { Settings } from "../../config/settings.ts";
import { PipelineError } from "../../core/pipeline-error.ts";
import type { Inferred, Pipeline, Processed } from "../../pipeline/pipeline.ts";
import type { ModelDescription, RawTensor } from "../../core/tensor.ts";
import { answerProblem } from "../problem.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { Route, RouteContext } from "../route.ts";

const doubling: ModelDescription = {
  name: "anime4k-2x",
  inputs: [{ name: "input", type: "uint8", shape: ["batch", "height", "width", 3] }],
  outputs: [{ name: "output", type: "uint8", shape: ["batch", "height2", "width2", 3] }],
  optimization: "all",
};

export interface FakePipeline extends Pipeline {
  model: ModelDescription | undefined;
  ready: boolean;
  stuckForMs: number;
  /** Returns the pipeline's result, or throws the error that it rejects with. */
  onInfer: (inputs: readonly RawTensor[], signal: AbortSignal | undefined) => Inferred | Promise<Inferred>;
  onProcess: (input: Uint8Array<ArrayBuffer>, signal: AbortSignal | undefined) => Processed | Promise<Processed>;
}

export interface FakeContext extends RouteContext {
  readonly pipeline: FakePipeline;
  readonly counts: { invalid: number; sessions: number };
  /** Does what SIGTERM does. */
  drain(): void;
}

function fakePipeline(): FakePipeline {
  const pipeline: FakePipeline = {
    model: doubling,
    ready: true,
    stuckForMs: 0,
    onInfer: ([input]) => {
      if (input === undefined) throw new PipelineError("bad-tensor", "no input");
      return { outputs: [doubled(input)], timings: { queue: 0, inference: 1 } };
    },
    onProcess: (input) => ({
      body: input,
      format: "jpeg",
      width: 2,
      height: 2,
      timings: { queue: 0, decode: 1, inference: 2, encode: 3 },
      warnings: [],
      batchSize: 1,
      frames: null,
    }),
    checkAdmission: () => {
      if (!pipeline.ready) throw new PipelineError("not-ready", "no worker is ready", 1);
    },
    process: async (input, _options, signal) => pipeline.onProcess(input, signal),
    processFrame: async (frame) => ({ ...frame, timings: { queue: 0, decode: 1, inference: 2, encode: 3 } }),
    infer: async (inputs, signal) => pipeline.onInfer(inputs, signal),
  };
  return pipeline;
}

function doubled({ shape, bytes }: RawTensor): RawTensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = shape;
  const output = new Uint8Array(bytes.length * 4);
  for (let index = 0; index < output.length; index++) {
    const [c, x, y] = [
      index % channels,
      Math.floor(index / channels) % (width * 2),
      Math.floor(index / channels / width / 2),
    ];
    const row = Math.floor((y % (height * 2)) / 2) + Math.floor(y / (height * 2)) * height;
    output[index] = bytes[(row * width + Math.floor(x / 2)) * channels + c] ?? 0;
  }
  return { name: "output", type: "uint8", shape: [batch, height * 2, width * 2, channels], bytes: output };
}

export function fakeContext(change: (settings: Settings) => Settings = (settings) => settings): FakeContext {
  const reading = readConfig("", {});
  if (reading.kind === "wrong") throw new Error("the empty configuration is right");
  const listeners: (() => void)[] = [];
  let draining = false;
  const counts = { invalid: 0, sessions: 0 };
  const telemetry: Partial<Telemetry> = {
    count: () => counts.invalid++,
    sessionOpened: () => counts.sessions++,
    sessionClosed: () => counts.sessions--,
    totals: async () => ({
      succeeded: 4,
      failed: 1,
      runs: 2,
      lastSuccessAt: 1_790_000_000_000,
      seconds: { queue: 0.5, decode: 0.25, inference: 2, encode: 0.125 },
    }),
  };
  return {
    pipeline: fakePipeline(),
    counts,
    settings: change(reading.settings),
    // Only what the routes under test may call; anything else fails.
    telemetry: telemetry as Telemetry,
    processorState: () => ({
      accelerator: "cpu",
      model: "anime4k-2x",
      ready: true,
      active: 0,
      queued: 0,
      queueLimit: 256,
      cpuLimitCores: 2,
      workers: { total: 2, ready: 2, restarts: 0 },
    }),
    draining: () => draining,
    onDrain: (listener) => void listeners.push(listener),
    peers: undefined,
    drain: () => {
      draining = true;
      for (const listener of listeners) listener();
    },
  };
}

/** An app with this one route, answering errors as the processor does. */
export async function appWith(route: Route, context: RouteContext): Promise<FastifyInstance> {
  const app = Fastify({ bodyLimit: context.settings.limits.bodyBytes });
  app.setErrorHandler(answerProblem);
  await route(app, context);
  return app;
}
