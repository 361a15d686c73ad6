/** Probes. Neither asks a worker: a saturated processor is alive, and answers at once. */
import type { Route } from "./route.ts";

export const health: Route = (app, { pipeline, draining }) => {
  app.get("/livez", (_request, reply) => reply.header("cache-control", "no-store").send("ok"));
  app.get("/readyz", (_request, reply) => {
    reply.header("cache-control", "no-store");
    if (draining()) return reply.code(503).send("shutting down");
    return pipeline.ready ? reply.send("ok") : reply.code(503).send("no worker has the model loaded");
  });
};
