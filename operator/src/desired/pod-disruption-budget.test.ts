import { describeChild } from "./child.cases.ts";

describeChild("podDisruptionBudget", [
  {
    title: "allows the eviction of one pod at a time, and of unready pods always",
    expected: `
      apiVersion: policy/v1
      kind: PodDisruptionBudget
      spec:
        maxUnavailable: 1
        selector:
          matchLabels:
            app.kubernetes.io/name: gpu-media
            app.kubernetes.io/instance: upscaler
        unhealthyPodEvictionPolicy: AlwaysAllow
    `,
  },
  {
    title: "is not created when it is off",
    spec: { podDisruptionBudget: { enabled: false } },
    expected: null,
  },
  {
    title: "allows more evictions where the spec sets more",
    spec: { podDisruptionBudget: { maxUnavailable: 3 } },
    expected: `
      apiVersion: policy/v1
      kind: PodDisruptionBudget
      spec:
        maxUnavailable: 3
        selector:
          matchLabels:
            app.kubernetes.io/name: gpu-media
            app.kubernetes.io/instance: upscaler
        unhealthyPodEvictionPolicy: AlwaysAllow
    `,
  },
]);
