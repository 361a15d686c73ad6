import { describeChild } from "./child.cases.ts";

const sizes = (updatePolicy: string, controlledResources: string, bounds = ""): string => `
      apiVersion: autoscaling.k8s.io/v1
      kind: VerticalPodAutoscaler
      spec:
        targetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: upscaler
        updatePolicy: ${updatePolicy}
        resourcePolicy:
          containerPolicies:
            - containerName: gpu-media
              maxAllowed:
                cpu: "4"
                memory: 8Gi
              controlledResources: ${controlledResources}
              controlledValues: RequestsOnly
              ${bounds}
            - containerName: "*"
              mode: "Off"
    `;
const sizesMemory = (updateMode: string): string => sizes(`{ updateMode: ${updateMode} }`, "[memory]");

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
    expected: sizes("{ updateMode: Initial, minReplicas: 1 }", "[cpu, memory]", "minAllowed: { memory: 1Gi }"),
  },
  "does not control CPU while the HPA scales on it": {
    spec: { autoscaling: { vertical: { mode: "Off", controlledResources: ["cpu", "memory"] } } },
    expected: sizesMemory("Off"),
  },
  "is not created when it is off": { spec: { autoscaling: { vertical: { enabled: false } } }, expected: null },
});
