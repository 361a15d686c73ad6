import assert from "node:assert/strict";
import { apiRequest, isWrite, matches, type ApiRequest, type RequestMatch } from "./request.ts";

describe("a request to the Kubernetes API", () => {
  const none = { verb: undefined, group: "", resource: "", namespace: "", name: "", subresource: "" };
  const apps = "/apis/apps/v1/namespaces/media/deployments";
  const deployments = { ...none, group: "apps", resource: "deployments", namespace: "media" };
  const cases: readonly [method: string, url: string, expected: Partial<ApiRequest>][] = [
    ["GET", `${apps}/a`, { ...deployments, verb: "get", name: "a" }],
    ["GET", apps, { ...deployments, verb: "list" }],
    ["GET", `${apps}?watch=true&resourceVersion=1`, { ...deployments, verb: "watch" }],
    ["GET", "/apis/apps/v1/deployments?limit=500", { ...deployments, verb: "list", namespace: "" }],
    ["POST", `${apps}?fieldManager=f`, { ...deployments, verb: "create" }],
    ["PUT", `${apps}/a`, { ...deployments, verb: "update", name: "a" }],
    ["PATCH", `${apps}/a/status`, { ...deployments, verb: "patch", name: "a", subresource: "status" }],
    ["DELETE", `${apps}/a`, { ...deployments, verb: "delete", name: "a" }],
    ["DELETE", apps, { ...deployments, verb: "deletecollection" }],
    ["GET", "/api/v1/namespaces/media", { ...none, verb: "get", resource: "namespaces", name: "media" }],
    ["GET", "/api/v1/namespaces", { ...none, verb: "list", resource: "namespaces" }],
    ["GET", "/api/v1/nodes/n%2F1", { ...none, verb: "get", resource: "nodes", name: "n/1" }],
    ["GET", "/apis", none],
    ["GET", "/apis/apps/v1", { ...none, group: "apps" }],
    ["GET", "/readyz?verbose", none],
  ];
  for (const [method, url, expected] of cases) {
    it(`${method} ${url}`, () => assert.deepEqual(apiRequest(method, url), { method, url, ...expected }));
  }

  it("is a write or not", () => {
    const writes = cases.filter(([method, url]) => isWrite(apiRequest(method, url))).map(([method]) => method);
    assert.deepEqual(writes, ["POST", "PUT", "PATCH", "DELETE", "DELETE"]);
  });

  it("matches if all given fields are equal", () => {
    const request = apiRequest("GET", `${apps}/a`);
    const matching: readonly RequestMatch[] = [{}, { verb: "get", name: "a" }, ({ url }) => url.endsWith("/a")];
    const others: readonly RequestMatch[] = [{ verb: "get", name: "b" }, ({ url }) => url.endsWith("/b")];
    assert.deepEqual(
      [...matching, ...others].map((match) => matches(request, match)),
      [true, true, true, false, false],
    );
  });
});
