import assert from "node:assert/strict";
import Fastify from "fastify";
import { routes } from "../index.ts";
import { fakeContext } from "../testing/fake-context.ts";
import { openApiDocument } from "./document.ts";

/** `GET /v2/models/{name}` for each route of production. */
async function servedOperations(): Promise<readonly string[]> {
  const context = fakeContext((settings) => ({
    ...settings,
    upstream: { ...settings.upstream, allowedHosts: ["a.example"] },
  }));
  const app = Fastify();
  const served: string[] = [];
  app.addHook("onRoute", ({ method, url }) => {
    for (const each of [method].flat())
      if (each !== "HEAD") served.push(`${each} ${url.replaceAll(/:(\w+)/g, "{$1}")}`);
  });
  const metrics = { registry: { metrics: () => "", contentType: "text/plain" } };
  const telemetry = Object.assign(context.telemetry, { metrics } as object);
  for (const route of routes) await route(app, { ...context, telemetry });
  await app.close();
  return served;
}

describe("the OpenAPI document", () => {
  it("has the operations that are served, and no others", async () => {
    const methods = new Set(["get", "post", "put", "delete", "patch"]);
    const documented = Object.entries(openApiDocument.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((key) => methods.has(key))
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(documented.toSorted(), (await servedOperations()).toSorted());
  });

  it("has every schema that it refers to", () => {
    const references = [...JSON.stringify(openApiDocument).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path = ""]) => path,
    );
    assert.ok(references.length > 0);
    for (const path of references) {
      const found = path
        .split("/")
        .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], openApiDocument);
      assert.ok(found !== undefined, path);
    }
  });
});
