import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import type { Manifest } from "../kube/object.ts";
import { deployment, initialDeployment } from "./deployment.ts";
import { sampleService } from "./service.sample.ts";

describe("replicas of a Deployment", () => {
  const off = { horizontal: { enabled: false } };
  const cases: {
    readonly [title: string]: {
      readonly spec: GpuMediaServiceSpec;
      /** Replicas in every apply. */
      readonly held: number | undefined;
      /** Replicas at creation. */
      readonly initial: number;
    };
  } = {
    "an autoscaler owns them": { spec: {}, held: undefined, initial: 2 },
    "an autoscaler with another minimum owns them": {
      spec: { autoscaling: { horizontal: { minReplicas: 4 } } },
      held: undefined,
      initial: 4,
    },
    "KEDA owns them": { spec: { autoscaling: { horizontal: { provider: "KEDA" } } }, held: undefined, initial: 2 },
    // After switching off at 7 replicas, a default would remove 5 of them.
    "no autoscaler and no spec sets them": { spec: { autoscaling: off }, held: undefined, initial: 2 },
    "the spec sets them": { spec: { replicas: 3, autoscaling: off }, held: 3, initial: 3 },
    "the spec sets 0": { spec: { replicas: 0, autoscaling: off }, held: 0, initial: 0 },
    "the profile sets 1": { spec: { profile: "development" }, held: 1, initial: 1 },
  };
  for (const [title, { spec, held, initial }] of Object.entries(cases)) {
    it(`${title}: ${held === undefined ? "none are sent" : `${held} are sent`}, created with ${initial}`, () => {
      const service = sampleService(spec);
      const sent = deployment(service, "Surge");
      assert.deepEqual([replicasOf(sent), replicasOf(initialDeployment(service, sent) ?? sent)], [held, initial]);
    });
  }
});

function replicasOf(manifest: Manifest & { readonly spec?: { readonly replicas?: number } }): number | undefined {
  return manifest.spec?.replicas;
}
