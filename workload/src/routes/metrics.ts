import type { Route } from "./route.ts";

/** `GET /metrics` for Prometheus. */
export const metrics: Route = (app, { telemetry }) => {
  const { registry } = telemetry.metrics;
  app.get("/metrics", async (_request, reply) => {
    const text = await registry.metrics();
    return reply.header("cache-control", "no-store").type(registry.contentType).send(text);
  });
};
