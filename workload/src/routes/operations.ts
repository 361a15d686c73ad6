/** For machines: `GET /metrics`, `GET /utilization` and `GET /openapi.json`. */
import { utilization as report } from "../telemetry/report.ts";
import { openApiDocument } from "./openapi/document.ts";
import type { Route } from "./route.ts";

export const operations: Route = (app, { telemetry, processorState }) => {
  const { registry } = telemetry.metrics;
  app.get("/metrics", async (_request, reply) => {
    const text = await registry.metrics();
    return reply.header("cache-control", "no-store").type(registry.contentType).send(text);
  });
  // The operator polls this one; its schema is in @gpumedia/api.
  app.get("/utilization", async (_request, reply) => {
    const body = await report(telemetry, processorState());
    return reply.header("cache-control", "no-store").send(body);
  });
  const document = Buffer.from(JSON.stringify(openApiDocument));
  app.get("/openapi.json", (_request, reply) => reply.type("application/json; charset=utf-8").send(document));
};
