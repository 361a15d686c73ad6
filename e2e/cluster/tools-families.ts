/**
 * Which program comes from which Go module. A family is a folder `tools/NAME` with its own go.mod, so that the dependencies
 * of one program never change the versions of another's.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { kubernetesFolder, kubernetesVersion, type KubernetesVersion } from "./kubernetes-version.ts";
import { ToolError } from "./tool-error.ts";

interface FamilySource {
  /** The module whose version is the family's. */
  readonly module: string;
  /** Package of each program. */
  readonly programs: Readonly<Record<string, string>>;
  /** Packages into which the linker writes the version that the programs report. */
  readonly versionPackages?: readonly string[];
  /** More flags for the linker. */
  readonly ldflags?: string;
}

const families = {
  etcd: { module: "go.etcd.io/etcd/server/v3", programs: { etcd: "go.etcd.io/etcd/server/v3" } },
  kubernetes: {
    module: "k8s.io/kubernetes",
    // The second one is the user agent's.
    versionPackages: ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"],
    programs: {
      "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
      "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
      "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
      kubectl: "k8s.io/kubernetes/cmd/kubectl",
      // For nodes with real pods (real-node/) only.
      kubelet: "k8s.io/kubernetes/cmd/kubelet",
      "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
    },
  },
  kwok: { module: "sigs.k8s.io/kwok", programs: { kwok: "sigs.k8s.io/kwok/cmd/kwok" } },
  "device-plugin": {
    module: "github.com/NVIDIA/k8s-device-plugin",
    programs: { "nvidia-device-plugin": "github.com/NVIDIA/k8s-device-plugin/cmd/nvidia-device-plugin" },
    // It loads NVML at run time: a function that the library lacks must not matter before it is called.
    ldflags: "-extldflags=-Wl,-z,lazy",
  },
  // The packages of Debian 12 have 1.6, without CDI: a DRA driver could not add its devices to a container.
  containerd: {
    module: "github.com/containerd/containerd/v2",
    programs: {
      containerd: "github.com/containerd/containerd/v2/cmd/containerd",
      "containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
      ctr: "github.com/containerd/containerd/v2/cmd/ctr",
    },
  },
  "dra-example-driver": {
    module: "sigs.k8s.io/dra-example-driver",
    programs: { "dra-example-kubeletplugin": "sigs.k8s.io/dra-example-driver/cmd/dra-example-kubeletplugin" },
  },
  // The program is in our own module: CoreDNS's own includes every plugin.
  coredns: { module: "github.com/coredns/coredns", programs: { coredns: "gpumedia.io/e2e/cluster/tools/coredns" } },
  // The rest are not part of a cluster: tests install the operator and check its manifests with them.
  helm: { module: "helm.sh/helm/v4", programs: { helm: "helm.sh/helm/v4/cmd/helm" } },
  helm3: { module: "helm.sh/helm/v3", programs: { helm3: "helm.sh/helm/v3/cmd/helm" } },
  flux: {
    module: "github.com/fluxcd/source-controller",
    programs: {
      "source-controller": "github.com/fluxcd/source-controller",
      "kustomize-controller": "github.com/fluxcd/kustomize-controller",
    },
  },
  // The Lua interpreter of Argo CD, for its health checks.
  "gopher-lua": { module: "github.com/yuin/gopher-lua", programs: { glua: "github.com/yuin/gopher-lua/cmd/glua" } },
  promtool: {
    module: "github.com/prometheus/prometheus",
    programs: {
      promtool: "github.com/prometheus/prometheus/cmd/promtool",
      prometheus: "github.com/prometheus/prometheus/cmd/prometheus",
    },
  },
  "kube-score": {
    module: "github.com/zegl/kube-score",
    programs: { "kube-score": "github.com/zegl/kube-score/cmd/kube-score" },
  },
} as const satisfies Record<string, FamilySource>;

type FamilyName = keyof typeof families;
type Programs<Name extends FamilyName> = keyof (typeof families)[Name]["programs"];
export type ToolName = { [Name in FamilyName]: Programs<Name> }[FamilyName];

export interface Family {
  /** The folder with its go.mod. */
  readonly directory: string;
  readonly version: string;
  /** Changes with everything that changes the programs' behaviour; a new key rebuilds them. */
  readonly key: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly ldflags: string;
  /** Writes the source that is built in place of `directory` to a new folder, which is removed after the build. */
  readonly copySource?: (to: string) => Promise<void>;
  /** The version of Go, such as "go1.27.0". Default: the machine's setting. */
  readonly toolchain?: string | undefined;
}

export function familyOf(tool: ToolName): FamilyName {
  const found = Object.entries(families).find(([, { programs }]) => tool in programs);
  if (found === undefined) throw new ToolError(`no Go module is known for ${tool}`);
  return found[0] as FamilyName;
}

/** The file that `go build` writes for a package: the last element of its path that is no major version. */
export function executableName(path: string): string {
  return path.split("/").findLast((element) => !/^v\d+$/.test(element)) ?? path;
}

export function familyDirectory(name: string): string {
  return fileURLToPath(new URL(`tools/${name}/`, import.meta.url));
}

/** Of `kubernetes`, the version that is chosen. */
export async function readFamily(
  name: FamilyName,
  kubernetes: KubernetesVersion = kubernetesVersion(),
): Promise<Family> {
  const source: FamilySource = families[name];
  const directory = familyDirectory(name === "kubernetes" ? kubernetesFolder(kubernetes) : name);
  const [goMod, goSum] = await Promise.all(["go.mod", "go.sum"].map((file) => readFile(`${directory}${file}`, "utf8")));
  const version = moduleVersion(goMod ?? "", source.module);
  const ldflags = [linkerFlags(version, source.versionPackages), source.ldflags ?? ""].join(" ").trim();
  const digest = createHash("sha256").update(`${goMod}\0${goSum}\0${ldflags}`).digest("hex").slice(0, 12);
  const key = `${name}-${version}-${process.arch}-${digest}`;
  return { directory, version, key, packages: source.programs, ldflags };
}

/** The version of a module that a go.mod requires. */
export function moduleVersion(goMod: string, module: string): string {
  for (const line of goMod.split("\n")) {
    const [name, version] = line
      .replace(/^\s*require\s/, "")
      .trim()
      .split(/\s+/);
    if (name === module && version?.startsWith("v") === true) return version;
  }
  throw new ToolError(`go.mod does not require ${module}`);
}

/** Without symbols: half the size. `go build` alone would not set the version of Kubernetes' programs. */
export function linkerFlags(version: string, versionPackages: readonly string[] = []): string {
  const [major, minor] = version.slice(1).split(".");
  const versionValues = Object.entries({ gitVersion: version, gitMajor: major, gitMinor: minor });
  const flags = versionPackages.flatMap((path) => versionValues.map(([name, value]) => `-X ${path}.${name}=${value}`));
  return ["-s -w", ...flags].join(" ");
}
