/** Probes. Neither asks a worker: a saturated processor is alive, and answers at once. */
import type { Route } from "./route.ts";

/** A call into a driver that hangs never returns, and no thread can be ended within it: only a new process helps. */
const heldAtMostMs = 60_000;

export const health: Route = (app, { pipeline, draining }) => {
  app.get("/livez", (_request, reply) => {
    reply.header("cache-control", "no-store");
    const heldMs = pipeline.heldForMs;
    if (heldMs <= heldAtMostMs) return reply.send("ok");
    return reply
      .code(503)
      .send(`a worker has been held for ${Math.round(heldMs / 1000)} s by a call that does not return`);
  });
  app.get("/readyz", (_request, reply) => {
    reply.header("cache-control", "no-store");
    if (draining()) return reply.code(503).send("shutting down");
    return pipeline.ready ? reply.send("ok") : reply.code(503).send("no worker has the model loaded");
  });
};
