/**
 * Profiles on demand, in development only: they stop the world or cost time, and a heap has what requests had in it.
 *
 * | path                                                | answer                                            |
 * | --------------------------------------------------- | ------------------------------------------------- |
 * | `GET /debug/cpu-profile?seconds=5&thread=main`      | `.cpuprofile`, for a browser's developer tools    |
 * | `GET /debug/heap-snapshot`                          | `.heapsnapshot` of the main thread, for the same  |
 * | `GET /debug/onnx-profile?width=640&height=480&runs=5` | a trace of the model's nodes, for Perfetto      |
 */
import { getHeapSnapshot } from "node:v8";
import type { FastifyReply, FastifyRequest } from "fastify";
import { HttpProblem } from "../problem.ts";
import type { Route } from "../route.ts";
import { cpuProfile } from "./cpu-profile.ts";
import { onnxProfile } from "./onnx-profile.ts";

export const profiling: Route = (app, { settings, pipeline }) => {
  if (!settings.development) return;
  const alone = oneAtATime();

  app.get("/debug/cpu-profile", async (request, reply) => {
    const seconds = wholeNumber(request, "seconds", 5, 60);
    const thread = isMain(request) ? "main" : wholeNumber(request, "thread", 1, 1_000_000);
    const profile = await alone(() => cpuProfile(thread, seconds * 1000));
    if (profile === undefined) throw new HttpProblem("no-such-thread", `no worker ${thread}`);
    return download(reply, `thread-${thread}.cpuprofile`).send(JSON.stringify(profile));
  });

  app.get("/debug/heap-snapshot", async (_request, reply) => {
    return download(reply, "main.heapsnapshot").send(getHeapSnapshot());
  });

  app.get("/debug/onnx-profile", async (request, reply) => {
    const { model, accelerator } = settings;
    const trace = await alone(() =>
      onnxProfile({
        modelFile: model.file,
        accelerator,
        optimization: pipeline.model?.optimization ?? "all",
        width: wholeNumber(request, "width", 640, 4096),
        height: wholeNumber(request, "height", 480, 4096),
        runs: wholeNumber(request, "runs", 5, 1000),
      }),
    );
    return download(reply, `${model.name}.json`).send(trace);
  });
};

/** Two profiles at once would each show the other. */
function oneAtATime(): <Result>(action: () => Promise<Result>) => Promise<Result> {
  let busy = false;
  return async (action) => {
    if (busy) throw new HttpProblem("profiling", "another profile is being recorded");
    busy = true;
    try {
      return await action();
    } finally {
      busy = false;
    }
  };
}

function download(reply: FastifyReply, file: string): FastifyReply {
  return reply.headers({
    "cache-control": "no-store",
    "content-type": "application/json",
    "content-disposition": `attachment; filename="${file}"`,
  });
}

function isMain({ query }: FastifyRequest): boolean {
  const { thread = "main" } = query as { readonly thread?: unknown };
  return thread === "main";
}

/** From 1 to `most`. @throws {HttpProblem} 400 */
function wholeNumber({ query }: FastifyRequest, name: string, byDefault: number, most: number): number {
  const { [name]: text = String(byDefault) } = query as Readonly<Record<string, unknown>>;
  const value = typeof text === "string" && /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most)
    throw new HttpProblem("profile-parameter", `${name} must be an integer from 1 to ${most}`);
  return value;
}
