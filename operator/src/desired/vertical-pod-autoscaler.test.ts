import { describeChild } from "./child.cases.ts";

const sizesMemory = (updateMode: string): string => `
      apiVersion: autoscaling.k8s.io/v1
      kind: VerticalPodAutoscaler
      metadata:
        name: upscaler-vpa
      spec:
        targetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: upscaler
        updatePolicy:
          updateMode: ${updateMode}
        resourcePolicy:
          containerPolicies:
            - containerName: gpu-media
              maxAllowed:
                cpu: "4"
                memory: 8Gi
              controlledResources:
                - memory
              controlledValues: RequestsOnly
    `;

describeChild("verticalPodAutoscaler", {
  "resizes memory in place where the cluster can": { expected: sizesMemory("InPlaceOrRecreate") },
  "recreates pods where the cluster cannot resize them": {
    features: { inPlaceVpa: false },
    expected: sizesMemory("Recreate"),
  },
  "sizes CPU, too, and a single replica, while nothing else scales on CPU": {
    spec: {
      replicas: 1,
      autoscaling: {
        horizontal: { enabled: false },
        vertical: { mode: "Initial", minAllowed: { memory: "1Gi" }, controlledResources: ["cpu", "memory"] },
      },
    },
    expected: `
      apiVersion: autoscaling.k8s.io/v1
      kind: VerticalPodAutoscaler
      metadata:
        name: upscaler-vpa
      spec:
        targetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: upscaler
        updatePolicy:
          updateMode: Initial
          minReplicas: 1
        resourcePolicy:
          containerPolicies:
            - containerName: gpu-media
              maxAllowed:
                cpu: "4"
                memory: 8Gi
              minAllowed:
                memory: 1Gi
              controlledResources:
                - cpu
                - memory
              controlledValues: RequestsOnly
    `,
  },
  "does not control CPU while the HPA scales on it": {
    spec: { autoscaling: { vertical: { mode: "Off", controlledResources: ["cpu", "memory"] } } },
    expected: sizesMemory("Off"),
  },
  "is not created when it is off": { spec: { autoscaling: { vertical: { enabled: false } } }, expected: null },
});
