/** What a real node takes from the machine, so that a run without it says so instead of failing. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { systemPath } from "../process-node/network-namespace.ts";
import { cgroupHierarchies, limiting } from "./cgroups.ts";

/** Program, and the Debian package that has it. */
const programs = {
  containerd: "containerd",
  "containerd-shim-runc-v2": "containerd",
  ctr: "containerd",
  runc: "runc",
  nft: "nftables",
  conntrack: "conntrack",
  cc: "gcc",
  ldd: "libc-bin",
  ip: "iproute2",
  unshare: "util-linux",
  mount: "mount",
} as const;
/** Where distributions and the project itself put the CNI plugins. */
const cniFolders = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"] as const;
const cniPlugins = ["ptp", "host-local", "loopback"] as const;

/** What is missing, one sentence each; none: a node can be started. */
export async function missingForRealNode(): Promise<readonly string[]> {
  const packages: string[] = Object.entries(programs).flatMap(([name, owner]) =>
    programPath(name) === undefined ? [owner] : [],
  );
  if (cniFolder() === undefined) packages.push("containernetworking-plugins");
  return [
    ...(process.getuid?.() === 0 ? [] : ["it needs root"]),
    ...(limiting(await cgroupHierarchies()).some(({ path }) => isWritable(path))
      ? []
      : ["no cgroup hierarchy can be written"]),
    ...(isWritable("/dev/kmsg") ? [] : ["/dev/kmsg, where the kubelet reads of OOM kills, is not there"]),
    ...(packages.length === 0 ? [] : [`apt-get install ${[...new Set(packages)].join(" ")}`]),
  ];
}

/** Where the program is on the PATH, or undefined. */
export function programPath(name: string): string | undefined {
  const folders = (systemPath().PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((file) => isExecutable(file));
}

export function cniFolder(): string | undefined {
  return cniFolders.find((folder) => cniPlugins.every((plugin) => isExecutable(join(folder, plugin))));
}

const isExecutable = (path: string): boolean => may(path, constants.X_OK);
const isWritable = (path: string): boolean => may(path, constants.W_OK);

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
