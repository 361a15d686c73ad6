/**
 * The namespaces of a private network: the addresses in it, how to run a command in it, and whether this machine allows it.
 * `private-network.ts` is the way in for a process outside.
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Of the node, and of everything that is no pod. */
export const nodeAddress = "192.168.77.1";
/** As --service-cluster-ip-range has it. */
export const serviceRange = "10.0.0.0/16";
export const podRange = "10.244.0.0/16";

const hostsFile = "hosts";

/** Every address of a local route can be bound without being anybody's: no interface per pod, no rule per Service. */
const setUp = [
  "ip link set lo up",
  `ip addr add ${nodeAddress}/32 dev lo`,
  `ip route add local ${podRange} dev lo`,
  `ip route add local ${serviceRange} dev lo`,
];
// getaddrinfo reads the file for each name: that is all the DNS that these pods need.
const ownHosts = 'mount --bind "$0" /etc/hosts';

/** The beginning of a command that runs in a new private network; `directory` has been prepared by `prepare`. */
export function inPrivateNetwork(directory: string): readonly [string, ...string[]] {
  const script = [...setUp, ownHosts, 'exec "$@"'].join(" && ");
  return ["unshare", ...namespaces, "--", "sh", "-c", script, join(directory, hostsFile)];
}

const namespaces = ["--user", "--map-root-user", "--net", "--mount"];

/** Fails with what to do about it where this machine allows no private network. */
export async function preparePrivateNetwork(directory: string): Promise<void> {
  await writeFile(join(directory, hostsFile), "127.0.0.1 localhost\n::1 localhost\n");
  const why = await whyNoPrivateNetwork();
  if (why === undefined) return;
  throw new Error(
    `pods can't have a network of their own here: ${why}\n` +
      "It takes util-linux, iproute2 and unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1 or\n" +
      "kernel.apparmor_restrict_unprivileged_userns=0, or run it as root).",
  );
}

/** In the words of the program that fails here; undefined: this machine allows it. */
export async function whyNoPrivateNetwork(): Promise<string | undefined> {
  try {
    await promisify(execFile)("unshare", [...namespaces, "--", "sh", "-c", setUp.join(" && ")], { env: systemPath() });
    return undefined;
  } catch (error) {
    const { code, stderr = "" } = error as { readonly code?: unknown; readonly stderr?: string };
    return code === "ENOENT" ? "unshare (util-linux) is not on the PATH" : stderr.trim();
  }
}

/** `ip` is in a directory that not every user has on the PATH. */
export function systemPath(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
}
