/** Probes. Neither asks a worker: a saturated processor is alive, and answers at once. */
import type { Route } from "./route.ts";

/** A call into a driver that hangs never returns, and no thread can be ended within it: only a new process helps. */
const stuckAtMostMs = 60_000;

export const health: Route = (app, { pipeline, draining }) => {
  app.get("/livez", (_request, reply) => {
    reply.header("cache-control", "no-store");
    const stuckMs = pipeline.stuckForMs;
    if (stuckMs <= stuckAtMostMs) return reply.send("ok");
    return reply
      .code(503)
      .send(`a worker has been stuck for ${Math.round(stuckMs / 1000)} s in a call that does not return`);
  });
  app.get("/readyz", (_request, reply) => {
    reply.header("cache-control", "no-store");
    if (draining()) return reply.code(503).send("shutting down");
    return pipeline.ready ? reply.send("ok") : reply.code(503).send("no worker has the model loaded");
  });
};
