import { describeChild } from "./child.cases.ts";

describeChild("podDisruptionBudget", [
  {
    title: "lets one pod go at a time, and broken ones always",
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
    title: "is not made when it is off",
    spec: { podDisruptionBudget: { enabled: false } },
    expected: null,
  },
  {
    title: "lets more go where the spec says so",
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
