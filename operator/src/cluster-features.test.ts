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

describe("the tolerance of autoscalers", () => {
  const schema = "/openapi/v3/apis/keda.sh/v1alpha1";
  const cases: {
    readonly [title: string]: readonly [bodies: Readonly<Record<string, object>>, hpa: boolean, keda: boolean];
  } = {
    "is kept by Kubernetes 1.35": [{ "/version": { major: "1", minor: "35" } }, true, false],
    "is kept by a provider's 1.36": [{ "/version": { major: "1", minor: "36+" } }, true, false],
    "is not kept by 1.34, which has it in its schema": [{ "/version": { major: "1", minor: "34" } }, false, false],
    "is assumed to be kept while the version cannot be read": [{}, true, false],
    "is kept by a ScaledObject whose schema has it": [{ [schema]: { scaleUp: { tolerance: {} } } }, true, true],
  };
  for (const [title, [bodies, hpaTolerance, kedaTolerance]] of Object.entries(cases)) {
    it(title, async () => {
      const features = await readClusterFeatures(client(bodies), apis, log);
      assert.deepEqual([features.hpaTolerance, features.kedaTolerance], [hpaTolerance, kedaTolerance]);
    });
  }
});

describe("the in-place mode of the VerticalPodAutoscaler", () => {
  const schema = "/openapi/v3/apis/autoscaling.k8s.io/v1";
  const cases: Readonly<Record<string, readonly [bodies: Readonly<Record<string, object>>, inPlace: boolean]>> = {
    "is used if the schema has it": [{ [schema]: { enum: ["Recreate", "InPlaceOrRecreate"] } }, true],
    "is not used if the schema lacks it": [{ [schema]: { enum: ["Recreate"] } }, false],
    "is not used while the schema cannot be read": [{}, false],
  };
  it("is used if the schema is published only after the kind is discovered", async () => {
    let reads = 0;
    const late = {
      rawJson: async (method: string, path: string): Promise<RawResponse> => {
        if (path === schema && ++reads < 3) throw new ApiError({ status: 404, reason: "", message: "", method, path });
        return client({ [schema]: { enum: ["InPlaceOrRecreate"] } }).rawJson(method, path);
      },
    };
    assert.equal((await readClusterFeatures(late, apis, log, 1)).inPlaceVpa, true);
    assert.equal(reads, 3);
  });

  for (const [title, [bodies, inPlace]] of Object.entries(cases)) {
    it(title, async () => {
      assert.equal((await readClusterFeatures(client(bodies), apis, log)).inPlaceVpa, inPlace);
    });
  }
});
