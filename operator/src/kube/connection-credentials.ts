/** The credentials of a kubeconfig user: certificates are read once, tokens again when they expire. */
import { execCredential } from "./connection-exec.ts";
import { ConnectionError } from "./errors.ts";
import { readRequired } from "./connection-file.ts";
import type { KubeconfigCluster, KubeconfigUser } from "./connection-kubeconfig.ts";
import type { Connection, TlsOptions } from "./transport.ts";

type Authorization = Connection["authorization"];

export interface Credentials extends Pick<TlsOptions, "cert" | "key"> {
  readonly authorization: Authorization;
}

/** A token and until when it may be used. */
export interface Token {
  /** Undefined when the credentials are a certificate. */
  readonly token: string | undefined;
  /** In milliseconds since 1970. */
  readonly until: number;
}

/** A client certificate is read only once: open connections would keep the old one anyway. */
export async function credentials(user: KubeconfigUser, cluster: KubeconfigCluster): Promise<Credentials> {
  if (user.exec) return execCredentials(user.exec, cluster);
  const cert = await dataOrFile(user["client-certificate-data"], user["client-certificate"]);
  const key = await dataOrFile(user["client-key-data"], user["client-key"]);
  const certificate = cert === undefined || key === undefined ? {} : { cert, key };
  return { ...certificate, authorization: await authorization(user, cluster) };
}

async function authorization(user: KubeconfigUser, cluster: KubeconfigCluster): Promise<Authorization> {
  if (user["auth-provider"]) {
    // Loaded on demand: client-node costs 50 MiB of memory.
    const { authProviderAuthorization } = await import("./connection-auth-provider.ts");
    return authProviderAuthorization(user, cluster);
  }
  // The file takes precedence, as in kubectl: its token may be newer.
  if (user.tokenFile) return tokenFile(user.tokenFile);
  if (user.token) return async () => `Bearer ${user.token}`;
  if (!user.username) return async () => undefined;
  const basic = Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64");
  return async () => `Basic ${basic}`;
}

async function dataOrFile(data: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (data) return Buffer.from(data, "base64").toString();
  return file ? readRequired(file) : undefined;
}

async function execCredentials(
  exec: NonNullable<KubeconfigUser["exec"]>,
  cluster: KubeconfigCluster,
): Promise<Credentials> {
  const first = await execCredential(exec, cluster);
  const { cert, key } = first;
  const certificate = cert === undefined || key === undefined ? {} : { cert, key };
  return { ...certificate, authorization: bearer(() => execCredential(exec, cluster), first) };
}

/** The kubelet replaces a pod's token file long before the token expires; read again every minute, as in client-go. */
export function tokenFile(file: string, now: () => number = Date.now): Authorization {
  const read = async (): Promise<Token> => {
    const token = (await readRequired(file)).trim();
    if (token === "") throw new ConnectionError(`${file} is empty`);
    return { token, until: now() + 60_000 };
  };
  return bearer(read, undefined, now);
}

/** Fetches the next token when the current one expires, and only once when many requests need it at the same time. */
export function bearer(next: () => Promise<Token>, first?: Token, now: () => number = Date.now): Authorization {
  let current = first;
  let fetching: Promise<Token> | undefined;
  return async () => {
    if (current === undefined || now() >= current.until) {
      fetching ??= next().finally(() => (fetching = undefined));
      current = await fetching;
    }
    return current.token === undefined ? undefined : `Bearer ${current.token}`;
  };
}
