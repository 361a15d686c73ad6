/**
 * The CRDs of optional APIs. They are read from the Go modules that ship them (`tools/crds/go.mod` pins the versions), so that
 * tests use the schemas that users have, without a copy.
 */
import { join } from "node:path";
import { moduleDirectories } from "./module-directories.ts";

interface CrdSource {
  readonly module: string;
  /** Paths within the module. */
  readonly files: readonly string[];
}

const prometheusOperator = "github.com/prometheus-operator/prometheus-operator";
const gatewayApi = "sigs.k8s.io/gateway-api";
const stunner = "github.com/l7mp/stunner";

const sources = {
  /** VerticalPodAutoscaler and its checkpoints. */
  vpa: { module: "k8s.io/autoscaler/vertical-pod-autoscaler", files: ["deploy/vpa-v1-crd-gen.yaml"] },
  podmonitor: {
    module: prometheusOperator,
    files: ["example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"],
  },
  prometheusrule: {
    module: prometheusOperator,
    files: ["example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"],
  },
  prometheus: {
    module: prometheusOperator,
    files: ["example/prometheus-operator-crd/monitoring.coreos.com_prometheuses.yaml"],
  },
  scaledobject: { module: "github.com/kedacore/keda/v2", files: ["config/crd/bases/keda.sh_scaledobjects.yaml"] },
  gateway: { module: gatewayApi, files: ["config/crd/standard/gateway.networking.k8s.io_gateways.yaml"] },
  httproute: { module: gatewayApi, files: ["config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"] },
  /** UDPRoute, and the other CRDs of STUNner. */
  udproute: { module: stunner, files: ["deploy/manifests/static/stunner-crd.yaml"] },
} as const satisfies Record<string, CrdSource>;

export type OptionalApi = keyof typeof sources;

/** All but Prometheus, whose CRD has 0.8 MB: the specs that need it install it. */
export const optionalApis = (Object.keys(sources) as OptionalApi[]).filter((api) => api !== "prometheus");

/** `older-crds`: of ScaledObject and HTTPRoute, versions that lack fields which the operator sets. */
export type CrdFamily = "crds" | "older-crds";

/** The files; the first call downloads the modules. */
export async function optionalCrdFiles(
  apis: readonly OptionalApi[],
  family: CrdFamily = "crds",
): Promise<readonly string[]> {
  const chosen = apis.map((api): CrdSource => sources[api]);
  const directories = await moduleDirectories(family, [...new Set(chosen.map(({ module }) => module))]);
  return chosen.flatMap(({ module, files }) => files.map((file) => join(directories[module] ?? "", file)));
}
