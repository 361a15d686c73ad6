import { describeChild } from "./child.cases.ts";

const budget = (maxUnavailable: number): string => `
      apiVersion: policy/v1
      kind: PodDisruptionBudget
      spec:
        maxUnavailable: ${maxUnavailable}
        selector:
          matchLabels:
            app.kubernetes.io/name: gpu-media
            app.kubernetes.io/instance: upscaler
        unhealthyPodEvictionPolicy: AlwaysAllow
    `;

describeChild("podDisruptionBudget", {
  "allows the eviction of one pod at a time, and of unready pods always": { expected: budget(1) },
  "is not created when it is off": { spec: { podDisruptionBudget: { enabled: false } }, expected: null },
  "allows more evictions where the spec sets more": {
    spec: { podDisruptionBudget: { maxUnavailable: 3 } },
    expected: budget(3),
  },
});
