/**
 * A neighbour as a process in the cluster's network, with a service account as in a pod: many programs read the token at its fixed
 * path only. The path is a mount of the process alone, in the user namespace of the cluster: no root is needed.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import { parse } from "yaml";
import type { Cluster } from "../cluster/cluster.ts";
import { until } from "../cluster/until.ts";

export interface InPodOptions {
  /** Of the process, in `cluster.processes`, and of its log. */
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly command: string;
  readonly parameters: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const accountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
// A tmpfs, because the directory above cannot be made on a file system of the machine's root.
const withAccount = `mount -t tmpfs tmpfs /var/run && mkdir -p ${accountPath} && cp "$0"/* ${accountPath} && exec "$@"`;

/** Starts it without waiting. Creates the service account and its namespace if they are missing; its rights are the caller's. */
export async function startInPod(cluster: Cluster, options: InPodOptions): Promise<void> {
  const { name, namespace, command, parameters, env = {} } = options;
  const account = await accountFiles(cluster, options);
  await cluster.processes.start(name, {
    command: "unshare",
    parameters: ["--mount", "--", "sh", "-c", withAccount, account, command, ...parameters],
    env: {
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: new URL(cluster.server).port,
      POD_NAMESPACE: namespace,
      HOME: cluster.directory,
      ...env,
    },
  });
}

/** Resolves when a program responds with 200 at an address in the cluster's network. */
export async function untilHealthy({ network }: Cluster, what: string, url: string): Promise<void> {
  const agent = network?.agent();
  if (agent === undefined) throw new Error(`${what} needs a private network`);
  try {
    await until(`${what} to be healthy`, async (see) => {
      const answer = await request(url, { dispatcher: agent }).catch(String);
      if (typeof answer === "string") return see(answer) === "";
      await answer.body.dump();
      return see(answer.statusCode) === 200;
    });
  } finally {
    await agent.destroy();
  }
}

/** The files that the kubelet mounts. A program copies them when it starts: another one with the same account must not write them then. */
async function accountFiles(cluster: Cluster, { name, namespace, serviceAccount }: InPodOptions): Promise<string> {
  const file = await cluster.serviceAccountKubeconfig({ namespace, serviceAccount, rbac: [] });
  const { clusters, users } = parse(await readFile(file, "utf8")) as {
    readonly clusters: readonly [{ readonly cluster: { readonly "certificate-authority-data": string } }];
    readonly users: readonly [{ readonly user: { readonly token: string } }];
  };
  const directory = join(cluster.directory, `${name}.account`);
  await mkdir(directory, { recursive: true });
  const authority = Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64");
  const contents = { token: users[0].user.token, "ca.crt": authority, namespace };
  await Promise.all(
    Object.entries(contents).map(([entry, text]) => writeFile(join(directory, entry), text, { mode: 0o600 })),
  );
  return directory;
}
