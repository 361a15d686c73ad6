/**
 * How a route gets what it needs: it is a function of the app and this context, listed in `routes/index.ts`. It
 * registers its paths on `app` and calls `context.pipeline.process` or `.infer` with a signal that aborts when the
 * client goes (`clientGone`). What it throws (`PipelineError`, `HttpProblem`, Fastify's own) is answered as problem
 * JSON by the app; security headers are on every answer.
 */
import type { FastifyInstance, FastifyReply, onRequestHookHandler } from "fastify";
import type { GpuMonitor } from "../gpu/monitor.ts";
import type { Settings } from "../config/settings.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { ProcessorState } from "../telemetry/report.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

export interface RouteContext {
  readonly pipeline: Pipeline;
  /** What was configured at the start, and the members that are reloaded, always current. */
  readonly settings: Settings;
  readonly telemetry: Telemetry;
  /** Undefined in cpu mode. */
  readonly gpu: GpuMonitor | undefined;
  /** What `/utilization` says of now. */
  readonly present: () => ProcessorState;
  /** True from SIGTERM on: `/readyz` says no, and sessions should end. */
  readonly draining: () => boolean;
  /** Calls back on SIGTERM, so that a route can end what would not end by itself. */
  readonly onDrain: (listener: () => void) => void;
}

export type Route = (app: FastifyInstance, context: RouteContext) => void | Promise<void>;

/** Aborts when the client closes the connection before it has been answered. */
export function clientGone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // On the response, not the socket: a connection that is kept alive would gather a listener per request.
  raw.once("close", () => {
    if (!raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** An `onRequest` hook: who is refused should know at once, and reading the body would take from those who are served. */
export function refuseBeforeBody({ pipeline }: Pick<RouteContext, "pipeline">): onRequestHookHandler {
  return (_request, _reply, done) => {
    pipeline.checkAdmission();
    done();
  };
}
