import assert from "node:assert/strict";
import { readClusterFeatures } from "./cluster-features.ts";
import type { RawResponse } from "./kube/client.ts";
import { Apis } from "./kube/discovery.ts";
import { ApiError } from "./kube/errors.ts";
import { namespacedType } from "./kube/object.ts";
import { createLogger } from "./runtime/log.ts";

const log = createLogger({ level: "silent" });
const apis = new Apis([
  namespacedType("keda.sh/v1alpha1", "ScaledObject", "scaledobjects"),
  namespacedType("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "verticalpodautoscalers"),
]);

/** Responds to the paths in `bodies`, and with 503 to others. */
function client(bodies: Readonly<Record<string, object>>) {
  return {
    rawJson: async (method: string, path: string): Promise<RawResponse> => {
      const body = bodies[path];
      if (body === undefined) throw new ApiError({ status: 503, reason: "", message: "", method, path });
      return { status: 200, headers: {}, body };
    },
  };
}

const vpa = { kind: "VerticalPodAutoscaler" };
const inPlaceSchema = published({ ...vpa, enum: ["Recreate", "InPlaceOrRecreate"] });

/** An OpenAPI document with the schema of one kind. */
function published({ kind, ...schema }: { readonly kind: string; readonly [member: string]: unknown }): object {
  return { components: { schemas: { other: {}, it: { "x-kubernetes-group-version-kind": [{ kind }], ...schema } } } };
}

// Both came with the same version.
describe("the tolerance of autoscalers, and an image volume", () => {
  const cases: { readonly [title: string]: readonly [bodies: Readonly<Record<string, object>>, kept: boolean] } = {
    "is kept by Kubernetes 1.35": [{ "/version": { major: "1", minor: "35" } }, true],
    "is kept by a provider's 1.36": [{ "/version": { major: "1", minor: "36+" } }, true],
    "is not kept by 1.34, which has it in its schema": [{ "/version": { major: "1", minor: "34" } }, false],
    "is assumed to be kept while the version cannot be read": [{}, true],
    "is assumed to be kept by an API server that does not state its version": [
      { "/version": { major: "", minor: "" } },
      true,
    ],
  };
  for (const [title, [bodies, kept]] of Object.entries(cases)) {
    it(title, async () => {
      const { hpaTolerance, imageVolumes } = await readClusterFeatures(client(bodies), apis, log);
      assert.deepEqual([hpaTolerance, imageVolumes], [kept, kept]);
    });
  }
});

describe("the fields of optional kinds", () => {
  const path = "/openapi/v3/apis/keda.sh/v1alpha1";
  const document = published({ kind: "ScaledObject", properties: { spec: { properties: { fallback: {} } } } });

  it("are those of their schemas, of the kinds that are served", async () => {
    const { fields } = await readClusterFeatures(client({ [path]: document }), apis, log);
    assert.deepEqual(fields, { scaledObject: { spec: { fallback: true } } });
  });

  // One 503 at a resync gave every VPA another mode, and old CRDs fields that they lack.
  it("stay as they were while nothing can be read", async () => {
    const bodies = {
      [path]: document,
      "/openapi/v3/apis/autoscaling.k8s.io/v1": inPlaceSchema,
      "/version": { major: "1", minor: "34" },
    };
    const openShift = new Apis([
      namespacedType("keda.sh/v1alpha1", "ScaledObject", "scaledobjects"),
      namespacedType("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "verticalpodautoscalers"),
      namespacedType("security.openshift.io/v1", "SecurityContextConstraints", "securitycontextconstraints"),
    ]);
    const before = await readClusterFeatures(client(bodies), openShift, log);
    assert.deepEqual([before.inPlaceVpa, before.hpaTolerance, before.securityContextConstraints], [true, false, true]);
    assert.deepEqual(await readClusterFeatures(client({}), apis, log, before), before);
  });

  it("are unknown while the schema cannot be read", async () => {
    assert.deepEqual((await readClusterFeatures(client({}), apis, log)).fields, {});
  });

  it("are read again while the response is empty", async () => {
    let reads = 0;
    const late = {
      rawJson: async (method: string, requested: string): Promise<RawResponse> => {
        if (requested === path && ++reads < 3) {
          throw new ApiError({ status: 200, reason: "NotJson", message: "", method, path: requested });
        }
        return client({ [path]: document }).rawJson(method, requested);
      },
    };
    const { fields } = await readClusterFeatures(late, apis, log, undefined, 1);
    assert.deepEqual([fields, reads], [{ scaledObject: { spec: { fallback: true } } }, 3]);
  });

  it("are read again until a new CRD is published beside an older one of its group", async () => {
    let reads = 0;
    const late = {
      rawJson: async (method: string, requested: string): Promise<RawResponse> => {
        const body = requested === path && ++reads < 3 ? published({ kind: "ScaledJob" }) : document;
        return client({ [path]: body }).rawJson(method, requested);
      },
    };
    const { fields } = await readClusterFeatures(late, apis, log, undefined, 1);
    assert.deepEqual([fields, reads], [{ scaledObject: { spec: { fallback: true } } }, 3]);
  });
});

describe("the in-place mode of the VerticalPodAutoscaler", () => {
  const schema = "/openapi/v3/apis/autoscaling.k8s.io/v1";
  const cases: Readonly<Record<string, readonly [bodies: Readonly<Record<string, object>>, inPlace: boolean]>> = {
    "is used if the schema has it": [{ [schema]: inPlaceSchema }, true],
    "is used on Kubernetes 1.33": [{ [schema]: inPlaceSchema, "/version": { major: "1", minor: "33" } }, true],
    // Its API server has no pods/resize: the VPA's updater logged a failure for each pod, and evicted it.
    "is not used on Kubernetes 1.32, which resizes no pod": [
      { [schema]: inPlaceSchema, "/version": { major: "1", minor: "32" } },
      false,
    ],
    "is not used if the schema lacks it": [{ [schema]: published({ ...vpa, enum: ["Recreate"] }) }, false],
    "is not used while the schema cannot be read": [{}, false],
  };
  it("is used if the schema is published only after the kind is discovered", async () => {
    let reads = 0;
    const late = {
      rawJson: async (method: string, path: string): Promise<RawResponse> => {
        if (path === schema && ++reads < 3) throw new ApiError({ status: 404, reason: "", message: "", method, path });
        return client({ [schema]: inPlaceSchema }).rawJson(method, path);
      },
    };
    assert.equal((await readClusterFeatures(late, apis, log, undefined, 1)).inPlaceVpa, true);
    assert.equal(reads, 3);
  });

  for (const [title, [bodies, inPlace]] of Object.entries(cases)) {
    it(title, async () => {
      assert.equal((await readClusterFeatures(client(bodies), apis, log)).inPlaceVpa, inPlace);
    });
  }
});
