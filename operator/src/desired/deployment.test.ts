import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import type { Manifest } from "../kube/object.ts";
import type { Rollout } from "./context.ts";
import { deployment, initialDeployment } from "./deployment.ts";
import { sampleContext, sampleService } from "./service.sample.ts";

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
      const sent = deployment(service, sampleContext);
      assert.deepEqual([replicasOf(sent), replicasOf(initialDeployment(service, sent) ?? sent)], [held, initial]);
    });
  }
});

describe("the strategy of a Deployment", () => {
  const rolling = (maxSurge: number | string, maxUnavailable: number): object => ({
    type: "RollingUpdate",
    rollingUpdate: { maxSurge, maxUnavailable },
  });
  // The Deployment controller deletes `maxUnavailable` less the pods that are unavailable already.
  const cases: {
    readonly [title: string]: readonly [strategy: "Auto" | Rollout, decided: Rollout, waiting: number, sent: object];
  } = {
    "surges by a quarter": ["Auto", "Surge", 0, rolling("25%", 0)],
    "replaces one pod at a time": ["Auto", "InPlace", 0, rolling(0, 1)],
    "replaces one pod at a time beside two replicas that have no room": ["Auto", "InPlace", 2, rolling(0, 3)],
    "surges beside two replicas that have no room, because the user has set it": [
      "Surge",
      "InPlace",
      2,
      rolling("25%", 2),
    ],
    "recreates all pods": ["Recreate", "Surge", 2, { type: "Recreate" }],
  };
  for (const [title, [strategy, rollout, waitingReplicas, sent]] of Object.entries(cases)) {
    it(title, () => {
      const { spec } = deployment(sampleService({ rollout: { strategy } }), {
        ...sampleContext,
        rollout,
        waitingReplicas,
      });
      assert.deepEqual((spec as { readonly strategy?: object }).strategy, sent);
    });
  }
});

it("a Deployment has the labels and annotations of the spec, except those that the operator finds it by", () => {
  const labels = { "kueue.x-k8s.io/queue-name": "gpus", "gpumedia.io/service": "other" };
  const annotations = { "reloader.stakater.com/auto": "true" };
  const { metadata } = deployment(sampleService({ deploymentMetadata: { labels, annotations } }), {
    ...sampleContext,
    rollout: "Surge",
    waitingReplicas: 0,
  });
  const { "kueue.x-k8s.io/queue-name": queue, "gpumedia.io/service": service } = metadata.labels ?? {};
  assert.deepEqual([queue, service, metadata.annotations], ["gpus", "upscaler", annotations]);
});

function replicasOf(manifest: Manifest & { readonly spec?: { readonly replicas?: number } }): number | undefined {
  return manifest.spec?.replicas;
}
