/**
 * Credentials from the exec plugin of a kubeconfig, such as those of cloud providers.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
import { execFile } from "node:child_process";
import { ConnectionError } from "./errors.ts";
import type { KubeconfigCluster, KubeconfigExec } from "./connection-kubeconfig.ts";

export interface ExecCredential {
  readonly token: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly until: number;
}

/** The lifetime of credentials without an expirationTimestamp. */
const defaultLifetimeMs = 10 * 60_000;

/** A token is replaced before it expires: the request still has to arrive with it. */
const expiryMarginMs = 10_000;

const timeoutMs = 60_000;

export async function execCredential(
  exec: KubeconfigExec,
  cluster: KubeconfigCluster,
  now: () => number = Date.now,
): Promise<ExecCredential> {
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = statusOf(exec, await run(exec, cluster));
  if (!token && !clientCertificateData)
    throw new ConnectionError(`${exec.command} returned neither a token nor a certificate`);
  const expiry = expirationTimestamp === undefined ? now() + defaultLifetimeMs : Date.parse(expirationTimestamp);
  return { token, cert: clientCertificateData, key: clientKeyData, until: expiry - expiryMarginMs };
}

interface Status {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  readonly expirationTimestamp?: string;
}

function statusOf({ command }: KubeconfigExec, output: string): Status {
  try {
    const credential = JSON.parse(output) as { readonly status?: Status } | null;
    return credential?.status ?? {};
  } catch {
    // The output is not quoted: it may contain a secret.
    throw new ConnectionError(`${command} did not return an ExecCredential`);
  }
}

async function run({ command, args, env, ...exec }: KubeconfigExec, cluster: KubeconfigCluster): Promise<string> {
  const own = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const environment = { ...process.env, ...own, KUBERNETES_EXEC_INFO: execInfo(exec, cluster) };
  execFile(command, args ?? [], { env: environment, timeout: timeoutMs }, (error, stdout, stderr) => {
    if (error === null) return resolve(stdout);
    const reason = error.killed === true ? `timed out after ${timeoutMs / 1000} s` : stderr.trim() || error.message;
    const hint = error.code === "ENOENT" && exec.installHint ? `\n${exec.installHint}` : "";
    reject(new ConnectionError(`${command} returned no credentials: ${reason}${hint}`, { cause: error }));
  });
  return promise;
}

function execInfo(
  { apiVersion, provideClusterInfo }: Pick<KubeconfigExec, "apiVersion" | "provideClusterInfo">,
  cluster: KubeconfigCluster,
): string {
  // The operator has no terminal: a plugin that would prompt for a password has to fail instead.
  const spec = { interactive: false, ...(provideClusterInfo === true ? { cluster } : {}) };
  return JSON.stringify({ apiVersion, kind: "ExecCredential", spec });
}
