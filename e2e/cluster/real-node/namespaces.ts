/**
 * The namespaces of a real node, for mounts, network, processes, IPC and host name. They need root.
 *
 *     test run ──▶ sh (cleans up) ──▶ unshare ──▶ sh, process 1 ──▶ keeper ──▶ etcd, …, containerd ──▶ shims, containers
 *
 * When process 1 exits, for whatever reason, the kernel kills its descendants and frees its mounts, interfaces and packet filter
 * rules. Then the outermost shell removes the cgroups and the directory, which no process inside could.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { dyingWithParent } from "../parent-death.ts";
import { nodeAddress, serviceRange } from "../process-node/network-namespace.ts";
import { cgroupHierarchies, limiting } from "./cgroups.ts";

/**
 * Kernel settings that the kubelet requires and would change. They have no namespace, and tests must not change the machine: the
 * kubelet reads these files instead.
 */
const kernelSettings = {
  "vm/overcommit_memory": "1",
  "kernel/panic": "10",
  "kernel/panic_on_oops": "1",
  "kernel/keys/root_maxkeys": "1000000",
  "kernel/keys/root_maxbytes": "25000000",
} as const;

/** Folders of the node's directory, and where they are mounted inside: the paths are compiled into programs. */
const ownFolders = { lib: "/var/lib", log: "/var/log", sysctl: "/proc/sys" } as const;

// $0 is the node's directory.
const setUp = [
  // A separate peer group: containers can share what is mounted inside, and nothing outside sees it.
  "mount --make-rshared /",
  "mount -t tmpfs tmpfs /run",
  ...(["lib", "log"] as const).map((folder) => `mount --bind "$0/${folder}" ${ownFolders[folder]}`),
  ...Object.keys(kernelSettings).map((name) => `mount --bind "$0/sysctl/${name}" ${ownFolders.sysctl}/${name}`),
  "ip link set lo up",
  `ip addr add ${nodeAddress}/32 dev lo`,
  // connect() to a Service's address needs a route before kube-proxy's rules apply.
  `ip route add ${serviceRange} dev lo src ${nodeAddress}`,
  "echo 1 > /proc/sys/net/ipv4/ip_forward",
];

/** Path below each cgroup hierarchy, unique as the name of the cluster's directory. */
export function cgroupOf(directory: string): string {
  return `/${basename(directory)}`;
}

/** The beginning of a command that runs in the namespaces; `prepareNodeMachine` has prepared `directory`. */
export async function inNodeMachine(directory: string): Promise<readonly [string, ...string[]]> {
  // Process 1 is the parent of all orphans: a shell reaps them, Node would not.
  const inside = `${setUp.join(" && ")} && "$@"`;
  const namespaces = ["--mount", "--net", "--pid", "--ipc", "--uts", "--mount-proc"];
  const unshare = dyingWithParent(["unshare", ...namespaces, "--fork", "--kill-child=KILL", "--", "sh", "-c", inside]);
  // Runtimes create cgroups in hierarchies without limits too.
  const groups = (await cgroupHierarchies()).map(({ path }) => `"${join(path, cgroupOf(directory))}"`);
  const cleaned = `find ${groups.join(" ")} -depth -type d -exec rmdir {} \\; ; rm -rf "$0"`;
  const command = unshare.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  // A signal to the shell must not end it before it has cleaned up.
  return ["sh", "-c", `trap : TERM INT HUP; ${command} "$0" "$@"; ${cleaned}`, directory];
}

/** Creates the folders and cgroups that `inNodeMachine` needs. */
export async function prepareNodeMachine(directory: string): Promise<void> {
  await Promise.all(Object.keys(ownFolders).map((folder) => mkdir(join(directory, folder))));
  for (const [name, value] of Object.entries(kernelSettings)) {
    const file = join(directory, "sysctl", name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${value}\n`);
  }
  for (const { path, controllers } of limiting(await cgroupHierarchies())) {
    const group = join(path, cgroupOf(directory));
    await mkdir(group);
    if (!controllers.includes("cpuset")) continue;
    // A new cpuset cgroup of version 1 has no CPU and no memory node, and accepts no process.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      await writeFile(join(group, file), await readFile(join(path, file), "utf8"));
    }
  }
}
