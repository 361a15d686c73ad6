/** Service of a GpuMediaService: a stable address for its pods. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { unlessEmpty } from "./canonical.ts";
import { child, selectorLabels } from "./child.ts";
import { httpPortName } from "./container.ts";

export const servicePort = 80;
export const backendPortName = "http";

export function clusterService(service: EffectiveService): Manifest {
  return child(service, "service", {
    spec: {
      type: "ClusterIP",
      selector: selectorLabels(service),
      ports: [{ name: backendPortName, port: servicePort, protocol: "TCP", targetPort: httpPortName }],
      ...unlessEmpty("trafficDistribution", service.network.trafficDistribution),
    },
  });
}
