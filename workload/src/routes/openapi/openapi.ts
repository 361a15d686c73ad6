import type { Route } from "../route.ts";
import { openApiDocument } from "./document.ts";

/** `GET /openapi.json`. The page that shows it is one of development's. */
export const openApi: Route = (app) => {
  const body = Buffer.from(JSON.stringify(openApiDocument));
  app.get("/openapi.json", (_request, reply) => reply.type("application/json; charset=utf-8").send(body));
};
