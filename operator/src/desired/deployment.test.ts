import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import type { Manifest } from "../kube/object.ts";
import { deployment, initialDeployment } from "./deployment.ts";
import { sampleService } from "./service.sample.ts";

describe("replicas of a Deployment", () => {
  const off = { horizontal: { enabled: false } };
  const cases: {
    readonly title: string;
    readonly spec: GpuMediaServiceSpec;
    /** What every apply holds the Deployment to. */
    readonly held: number | undefined;
    /** What it is created with. */
    readonly initial: number;
  }[] = [
    { title: "an autoscaler owns them", spec: {}, held: undefined, initial: 2 },
    {
      title: "an autoscaler with another minimum owns them",
      spec: { autoscaling: { horizontal: { minReplicas: 4 } } },
      held: undefined,
      initial: 4,
    },
    {
      title: "KEDA owns them",
      spec: { autoscaling: { horizontal: { provider: "KEDA" } } },
      held: undefined,
      initial: 2,
    },
    // Switched off at 7 replicas, a default that is sent would end 5 of them.
    { title: "nobody owns them", spec: { autoscaling: off }, held: undefined, initial: 2 },
    { title: "the user owns them", spec: { replicas: 3, autoscaling: off }, held: 3, initial: 3 },
    { title: "the user wants none", spec: { replicas: 0, autoscaling: off }, held: 0, initial: 0 },
    { title: "the profile says a single one", spec: { profile: "development" }, held: 1, initial: 1 },
  ];
  for (const { title, spec, held, initial } of cases) {
    it(`${title}: ${held === undefined ? "none is sent" : `${held} is sent`}, created with ${initial}`, () => {
      const service = sampleService(spec);
      const sent = deployment(service, "Surge", "c");
      assert.deepEqual(
        [replicasOf(sent), replicasOf(initialDeployment(service, "Surge", "c") ?? sent)],
        [held, initial],
      );
    });
  }
});

function replicasOf(manifest: Manifest & { readonly spec?: { readonly replicas?: number } }): number | undefined {
  return manifest.spec?.replicas;
}
