/**
 * The machine that a real node believes it has for itself: namespaces of root's for mounts, network, processes, IPC and names.
 *
 *     test run ──▶ sh (cleans up) ──▶ unshare ──▶ sh, process 1 ──▶ keeper ──▶ etcd, …, containerd ──▶ shims, containers
 *
 * When process 1 ends, however that happens, the kernel ends all that is below it and frees its mounts, interfaces and packet
 * filter rules; then the outermost shell removes the cgroups and the directory, which nobody inside could.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { dyingWithParent } from "../parent-death.ts";
import { nodeAddress, serviceRange } from "../process-node/network-namespace.ts";
import { cgroupHierarchies, limiting } from "./cgroups.ts";

/**
 * What the kubelet wants of the machine's kernel and would set: it reads these files in their place and is content. The
 * settings know no namespace; and a machine that tests ran on must stay as it was.
 */
const kernelSettings = {
  "vm/overcommit_memory": "1",
  "kernel/panic": "10",
  "kernel/panic_on_oops": "1",
  "kernel/keys/root_maxkeys": "1000000",
  "kernel/keys/root_maxbytes": "25000000",
} as const;

/** Folders of the node's directory, and what they stand for inside: programs have these paths compiled in. */
const ownFolders = { lib: "/var/lib", log: "/var/log", sysctl: "/proc/sys" } as const;

// $0 is the node's directory. No process inside may reach a proxy of the machine's: there is no way out of this network.
const setUp = [
  // A peer group of its own: what is mounted inside is seen by containers that ask for it, and by nobody outside.
  "mount --make-rshared /",
  "mount -t tmpfs tmpfs /run",
  ...(["lib", "log"] as const).map((folder) => `mount --bind "$0/${folder}" ${ownFolders[folder]}`),
  ...Object.keys(kernelSettings).map((name) => `mount --bind "$0/sysctl/${name}" ${ownFolders.sysctl}/${name}`),
  "ip link set lo up",
  `ip addr add ${nodeAddress}/32 dev lo`,
  // connect() to a Service's address needs a route before kube-proxy's rules are asked.
  `ip route add ${serviceRange} dev lo src ${nodeAddress}`,
  "echo 1 > /proc/sys/net/ipv4/ip_forward",
  "unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY",
];

/** Below each hierarchy of control groups: the name of the cluster's directory, which nobody else has. */
export function cgroupOf(directory: string): string {
  return `/${basename(directory)}`;
}

/** The beginning of a command that runs as the machine of a real node; `directory` has been prepared. */
export async function inNodeMachine(directory: string): Promise<readonly [string, ...string[]]> {
  // Process 1 takes over the orphans of all others: a shell waits for them, which Node would not.
  const inside = `${setUp.join(" && ")} && "$@"`;
  const namespaces = ["--mount", "--net", "--pid", "--ipc", "--uts", "--mount-proc"];
  const unshare = dyingWithParent(["unshare", ...namespaces, "--fork", "--kill-child=KILL", "--", "sh", "-c", inside]);
  // Runtimes make groups in hierarchies that limit nothing, too.
  const groups = (await cgroupHierarchies()).map(({ path }) => `"${join(path, cgroupOf(directory))}"`);
  const cleaned = `find ${groups.join(" ")} -depth -type d -exec rmdir {} \\; ; rm -rf "$0"`;
  const command = unshare.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  // A signal to the shell must not end it before it has cleaned up.
  return ["sh", "-c", `trap : TERM INT HUP; ${command} "$0" "$@"; ${cleaned}`, directory];
}

/** The folders and control groups that `inNodeMachine` counts on. */
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
    // A new cpuset group of version 1 has no processor and no memory, and takes no process.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      await writeFile(join(group, file), await readFile(join(path, file), "utf8"));
    }
  }
}
