/**
 * Finds the API server and the credentials, as kubectl does from the same kubeconfig; in a pod, those of the service
 * account.
 *
 * client-node's KubeConfig would do this too, but its module loads the whole generated client: 50 MiB of memory, 121
 * instead of 71 for a process that loads undici as well. So it is loaded only for users with an `auth-provider`.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import type { ApiClient } from "./client.ts";
import { credentials, tokenFile } from "./connection-credentials.ts";
import { ConnectionError } from "./errors.ts";
import { readOptional, readRequired } from "./connection-file.ts";
import { mergeKubeconfigs, parseKubeconfig, selectContext, type KubeconfigCluster } from "./connection-kubeconfig.ts";
import { ApiError } from "./errors.ts";
import type { Connection, TlsOptions } from "./transport.ts";

export interface ConnectionOptions {
  /** Path to the kubeconfig. Absent: KUBECONFIG, else the pod's service account, else `~/.kube/config`. */
  readonly kubeconfig?: string | undefined;
  /** Absent: the kubeconfig's current context. */
  readonly context?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
  readonly serviceAccountDirectory?: string;
}

export interface LoadedConnection extends Connection {
  /** The context's, or the pod's own. */
  readonly namespace?: string;
  /** The origin of the connection: `context "admin" of /home/me/.kube/config`. */
  readonly source: string;
}

/** Sends no request. Rejects with a `ConnectionError` that explains what to do. */
export async function loadConnection(options: ConnectionOptions = {}): Promise<LoadedConnection> {
  const { kubeconfig, context, env = process.env, home = homedir() } = options;
  const { serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount" } = options;
  if (kubeconfig !== undefined) return fromKubeconfigs([kubeconfig], context);
  const listed = (env.KUBECONFIG ?? "").split(":").filter((file) => file !== "");
  if (listed.length > 0) return fromKubeconfigs(listed, context);
  if (env.KUBERNETES_SERVICE_HOST && env.KUBERNETES_SERVICE_PORT && context === undefined) {
    return fromServiceAccount(env.KUBERNETES_SERVICE_HOST, env.KUBERNETES_SERVICE_PORT, serviceAccountDirectory);
  }
  return fromKubeconfigs([join(home, ".kube", "config")], context);
}

async function fromKubeconfigs(files: readonly string[], context: string | undefined): Promise<LoadedConnection> {
  const texts = await Promise.all(files.map(readOptional));
  // As in kubectl, some of several files may be missing.
  const found = files.flatMap((file, index) => {
    const text = texts[index];
    return text === undefined ? [] : [parseKubeconfig(text, file)];
  });
  if (found.length === 0) {
    throw new ConnectionError(`no kubeconfig found at ${files.join(", ")}: set --kubeconfig or KUBECONFIG`);
  }
  const { cluster, user, ...place } = selectContext(mergeKubeconfigs(found), context);
  const { authorization, ...certificate } = await credentials(user, cluster);
  return { server: cluster.server, tls: { ...(await serverTls(cluster)), ...certificate }, authorization, ...place };
}

async function serverTls(cluster: KubeconfigCluster): Promise<TlsOptions> {
  const { "certificate-authority": file, "certificate-authority-data": data } = cluster;
  const authority = data ? Buffer.from(data, "base64").toString() : file && (await readRequired(file));
  return {
    ...(authority ? { ca: authority } : {}),
    ...(cluster["tls-server-name"] ? { servername: cluster["tls-server-name"] } : {}),
    ...(cluster["insecure-skip-tls-verify"] === true ? { rejectUnauthorized: false } : {}),
  };
}

async function fromServiceAccount(host: string, port: string, directory: string): Promise<LoadedConnection> {
  const ca = await readOptional(join(directory, "ca.crt"));
  if (ca === undefined) {
    throw new ConnectionError(`no ca.crt in ${directory}: is automountServiceAccountToken false for this pod?`);
  }
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const authorization = tokenFile(join(directory, "token"));
  const namespace = (await readOptional(join(directory, "namespace")))?.trim();
  const place = { source: `the service account in ${directory}`, ...(namespace === undefined ? {} : { namespace }) };
  return { server, tls: { ca }, authorization, ...place };
}

/** Returns the server's version, or rejects with a `ConnectionError` that explains why it cannot be reached. */
export async function checkConnection(
  client: Pick<ApiClient, "rawJson">,
  { server, source }: LoadedConnection,
): Promise<string> {
  try {
    const { body } = await client.rawJson("GET", "/version", { timeoutMs: 10_000 });
    return (body as { readonly gitVersion: string }).gitVersion;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The credentials could not be loaded, so no request was sent.
    if (error.cause instanceof ConnectionError) throw error.cause;
    if (error.status === 0) throw new ConnectionError(`cannot reach ${server} (${source}): ${error.message}`);
    const problem = error.status === 401 ? "rejects the credentials" : `returns ${error.status}: ${error.message}`;
    throw new ConnectionError(`the API server ${server} (${source}) ${problem}`);
  }
}
