import assert from "node:assert/strict";
import { apiVersionOf, namespacedType, objectKey } from "./object.ts";

describe("names of objects and kinds", () => {
  it("keys a namespaced object by namespace and name", () => {
    assert.equal(objectKey({ metadata: { name: "upscaler", namespace: "media" } }), "media/upscaler");
  });
  it("keys a cluster-scoped object with an empty namespace", () => {
    assert.equal(objectKey({ metadata: { name: "gold" } }), "/gold");
  });
  it("omits the group from the apiVersion of the core group", () => {
    const pods = namespacedType("v1", "Pod", "pods");
    assert.equal(apiVersionOf(pods), "v1");
    assert.equal(apiVersionOf({ ...pods, group: "apps" }), "apps/v1");
  });
});
