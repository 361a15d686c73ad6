/** The operator and one service. */
import { GpuMediaOperator, GpuMediaService } from "@gpumedia/pulumi";
import * as kubernetes from "@pulumi/kubernetes";

const operator = new GpuMediaOperator("gpumedia-operator", {
  namespace: "gpumedia-system",
  createNamespace: true,
  values: { monitoring: { dashboard: { enabled: true } } },
});
const media = new kubernetes.core.v1.Namespace("media", { metadata: { name: "media" } });
const upscaler = new GpuMediaService(
  "upscaler",
  {
    metadata: { name: "upscaler", namespace: media.metadata.name },
    spec: { profile: "production", autoscaling: { horizontal: { minReplicas: 2, maxReplicas: 6 } } },
  },
  { dependsOn: operator },
);

export const service = upscaler.metadata.name;
