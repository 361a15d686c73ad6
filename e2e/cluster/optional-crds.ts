/**
 * The CRDs of APIs that a cluster may or may not serve. They are read where the Go modules that ship them are unpacked
 * (`tools/crds/go.mod` pins which ones), so that tests meet the schemas that users have, and nothing is copied.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { go } from "./tools-build.ts";
import { familyDirectory, moduleVersion } from "./tools-families.ts";

interface CrdSource {
  readonly module: string;
  /** Paths within the module. */
  readonly files: readonly string[];
}

const prometheusOperator = "github.com/prometheus-operator/prometheus-operator";
const gatewayApi = "sigs.k8s.io/gateway-api";

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
  scaledobject: { module: "github.com/kedacore/keda/v2", files: ["config/crd/bases/keda.sh_scaledobjects.yaml"] },
  gateway: { module: gatewayApi, files: ["config/crd/standard/gateway.networking.k8s.io_gateways.yaml"] },
  httproute: { module: gatewayApi, files: ["config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"] },
} as const satisfies Record<string, CrdSource>;

export type OptionalApi = keyof typeof sources;

export const optionalApis = Object.keys(sources) as readonly OptionalApi[];

/** The files; the first call downloads the modules. */
export async function optionalCrdFiles(apis: readonly OptionalApi[]): Promise<readonly string[]> {
  const wanted = apis.map((api): CrdSource => sources[api]);
  const directories = await moduleDirectories([...new Set(wanted.map(({ module }) => module))]);
  return wanted.flatMap(({ module, files }) => files.map((file) => join(directories[module] ?? "", file)));
}

/** Where modules of `tools/crds/go.mod` are unpacked, by their path. */
async function moduleDirectories(modules: readonly string[]): Promise<Readonly<Record<string, string>>> {
  if (modules.length === 0) return {};
  const directory = familyDirectory("crds");
  const goMod = await readFile(join(directory, "go.mod"), "utf8");
  // With their versions: without, go would first look at all that these modules require, which is most of Kubernetes.
  const wanted = modules.map((module) => `${module}@${moduleVersion(goMod, module)}`);
  const output = await go(["mod", "download", "-json", ...wanted], { directory });
  const downloaded = parseJsonSequence(output) as readonly { readonly Path: string; readonly Dir: string }[];
  return Object.fromEntries(downloaded.map(({ Path, Dir }) => [Path, Dir]));
}

/** go writes one indented object after the other, not an array. */
export function parseJsonSequence(text: string): readonly unknown[] {
  return JSON.parse(`[${text.trim().replaceAll(/^\}\n\{$/gm, "},{")}]`) as readonly unknown[];
}
