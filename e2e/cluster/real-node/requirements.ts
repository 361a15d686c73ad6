/** What a real node needs from the machine; tests are skipped with the missing requirements as the reason. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { systemPath } from "../process-node/network-namespace.ts";
import { cgroupHierarchies, limiting } from "./cgroups.ts";

/** Programs, and the Debian packages that have them. */
const programs = {
  runc: "runc",
  nft: "nftables",
  conntrack: "conntrack",
  cc: "gcc",
  ldd: "libc-bin",
  ip: "iproute2",
  unshare: "util-linux",
  mount: "mount",
} as const;
/** Where distributions and the CNI project install the plugins. */
const cniFolders = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"] as const;
const cniPlugins = ["ptp", "host-local", "loopback"] as const;

/** The missing requirements; none if a node can be started. */
export async function missingForRealNode(): Promise<readonly string[]> {
  const packages: string[] = Object.entries(programs).flatMap(([name, owner]) =>
    programPath(name) === undefined ? [owner] : [],
  );
  if (cniFolder() === undefined) packages.push("containernetworking-plugins");
  return [
    ...(process.getuid?.() === 0 ? [] : ["it needs root"]),
    ...(limiting(await cgroupHierarchies()).some(({ path }) => isWritable(path))
      ? []
      : ["no cgroup hierarchy is writable"]),
    ...(isWritable("/dev/kmsg") ? [] : ["/dev/kmsg, from which the kubelet reads OOM kills, is missing"]),
    ...(packages.length === 0 ? [] : [`apt-get install ${[...new Set(packages)].join(" ")}`]),
  ];
}

/** Path of the program, or undefined if it is not on the PATH. */
export function programPath(name: string): string | undefined {
  const folders = (systemPath().PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((file) => isExecutable(file));
}

export function cniFolder(): string | undefined {
  return cniFolders.find((folder) => cniPlugins.every((plugin) => isExecutable(join(folder, plugin))));
}

const isExecutable = (path: string): boolean => hasAccess(path, constants.X_OK);
const isWritable = (path: string): boolean => hasAccess(path, constants.W_OK);

function hasAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
