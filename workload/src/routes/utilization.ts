import { utilization as report } from "../telemetry/report.ts";
import type { Route } from "./route.ts";

/** `GET /utilization`: what the operator polls; schema in `@gpumedia/api`. */
export const utilization: Route = (app, { telemetry, present }) => {
  app.get("/utilization", async (_request, reply) => {
    const body = await report(telemetry, present());
    return reply.header("cache-control", "no-store").send(body);
  });
};
