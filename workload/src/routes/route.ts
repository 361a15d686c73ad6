/**
 * A route is a function of the app and this context, listed in `routes/index.ts`. It registers its paths on `app` and calls
 * `context.pipeline.process` or `.infer` with a signal that aborts when the client disconnects (`clientGone`). The app converts
 * what it throws (`PipelineError`, `HttpProblem`, Fastify's own errors) to problem JSON, and adds security headers.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from "fastify";
import type { Peers } from "../live/peer-pods.ts";
import type { Settings } from "../config/settings.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { ProcessorState } from "../telemetry/report.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { BodyLimits } from "./body/collect-body.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Headers of the answer to OPTIONS of the path, such as Accept-Post, which names what a POST may contain. */
    readonly options?: (request: FastifyRequest) => Readonly<Record<string, string>>;
  }
}

export interface RouteContext {
  readonly pipeline: Pipeline;
  /** The configuration, updated when it is reloaded. */
  readonly settings: Settings;
  readonly telemetry: Telemetry;
  readonly processorState: () => ProcessorState;
  /** True from SIGTERM on: `/readyz` fails, and sessions should end. */
  readonly draining: () => boolean;
  /** Calls back on SIGTERM, so that a route can end long-lived work. */
  readonly onDrain: (listener: () => void) => void;
  /** The other pods of the service, for live video; undefined: nothing is forwarded to them. */
  readonly peers: Peers | undefined;
}

export type Route = (app: FastifyInstance, context: RouteContext) => void | Promise<void>;

/** Aborts when the client closes the connection before the response is complete. */
export function clientGone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // On the response, not the socket: a persistent connection would accumulate a listener per request.
  raw.once("close", () => {
    if (!raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** An `onRequest` hook that rejects before the body is read: reading it would slow down the requests being served. */
export function refuseBeforeBody({ pipeline }: Pick<RouteContext, "pipeline">): onRequestHookHandler {
  return (_request, _reply, done) => {
    pipeline.checkAdmission();
    done();
  };
}

/** How a route receives bodies. */
export function bodyLimits({ limits }: Settings): BodyLimits {
  return { bytes: limits.bodyBytes, pauseMs: limits.bodyPauseMs, totalMs: limits.bodyTimeoutMs };
}
