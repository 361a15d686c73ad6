/**
 * The namespaces of a private network: its addresses, how to run a command in it, and whether this machine allows it.
 * `private-network.ts` connects to it from outside.
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The address of the node, and of every process that is not a pod. */
export const nodeAddress = "192.168.77.1";
/** Where the node serves `/metrics/resource`, by HTTP: a kubelet's read-only port. */
export const resourceMetricsPort = 10_255;
/** The value of --service-cluster-ip-range. */
export const serviceRange = "10.0.0.0/16";
export const podRange = "10.244.0.0/16";

const hostsFile = "hosts";

/** Every address of a local route can be bound: no interface per pod and no rule per Service is needed. */
const setUp = [
  "ip link set lo up",
  `ip addr add ${nodeAddress}/32 dev lo`,
  `ip route add local ${podRange} dev lo`,
  `ip route add local ${serviceRange} dev lo`,
];
// getaddrinfo reads the file for each name, so these pods need no DNS.
const ownHosts = 'mount --bind "$0" /etc/hosts';

/** The beginning of a command that runs in a new private network; `preparePrivateNetwork` has prepared `directory`. */
export function inPrivateNetwork(directory: string): readonly [string, ...string[]] {
  const script = [...setUp, ownHosts, 'exec "$@"'].join(" && ");
  return ["unshare", ...namespaces, "--", "sh", "-c", script, join(directory, hostsFile)];
}

const namespaces = ["--user", "--map-root-user", "--net", "--mount"];

/** Fails with the next step where this machine allows no private network. */
export async function preparePrivateNetwork(directory: string): Promise<void> {
  await writeFile(join(directory, hostsFile), "127.0.0.1 localhost\n::1 localhost\n");
  const why = await whyNoPrivateNetwork();
  if (why === undefined) return;
  throw new Error(
    `this machine allows no private network for pods: ${why}\n` +
      "It needs util-linux, iproute2 and unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1 or\n" +
      "kernel.apparmor_restrict_unprivileged_userns=0, or root).",
  );
}

/** The error of the program that fails; undefined if this machine allows it. */
export async function whyNoPrivateNetwork(): Promise<string | undefined> {
  try {
    await promisify(execFile)("unshare", [...namespaces, "--", "sh", "-c", setUp.join(" && ")], { env: systemPath() });
    return undefined;
  } catch (error) {
    const { code, stderr = "" } = error as { readonly code?: unknown; readonly stderr?: string };
    return code === "ENOENT" ? "unshare (util-linux) is not on the PATH" : stderr.trim();
  }
}

/** Adds the directory of `ip`, which not every user has on the PATH. */
export function systemPath(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
}
