/**
 * Parses kubeconfig files. Paths in them are relative to the kubeconfig.
 *
 * @see https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { ConnectionError } from "./errors.ts";

export interface KubeconfigCluster {
  readonly server: string;
  readonly "certificate-authority"?: string;
  readonly "certificate-authority-data"?: string;
  readonly "insecure-skip-tls-verify"?: boolean;
  readonly "tls-server-name"?: string;
  readonly "proxy-url"?: string;
}

export interface KubeconfigUser {
  readonly "client-certificate"?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key"?: string;
  readonly "client-key-data"?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: KubeconfigExec;
  readonly "auth-provider"?: { readonly name: string; readonly config?: Readonly<Record<string, string>> };
}

export interface KubeconfigExec {
  readonly apiVersion: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
}

interface Context {
  readonly cluster: string;
  readonly user?: string;
  readonly namespace?: string;
}

export interface Kubeconfig {
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly contexts: ReadonlyMap<string, Context>;
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
}

export interface SelectedContext {
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  /** The namespace of commands that name none; absent: `default`. */
  readonly namespace?: string;
  /** `context "admin" of /home/me/.kube/config` */
  readonly source: string;
}

type Named = Readonly<Record<string, unknown>> & { readonly name?: string };

export function parseKubeconfig(text: string, file: string): Kubeconfig {
  const document = parseYaml(text, file);
  const entries = <T>(list: string, member: string): Map<string, T> => {
    const items = Array.isArray(document[list]) ? (document[list] as readonly Named[]) : [];
    return new Map(items.map(({ name = "", [member]: value }) => [name, withAbsolutePaths((value ?? {}) as T, file)]));
  };
  return {
    files: [file],
    currentContext: (document["current-context"] as string | undefined) || undefined,
    contexts: entries("contexts", "context"),
    clusters: entries("clusters", "cluster"),
    users: entries("users", "user"),
  };
}

function parseYaml(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = parse(text);
    if (typeof document === "object" && document !== null) return document as Record<string, unknown>;
  } catch (cause) {
    // The parser's message quotes the text, which may be a token: its first line contains only the position and the reason.
    const [reason] = String(cause instanceof Error ? cause.message : cause).split("\n");
    throw new ConnectionError(`${file} is not a kubeconfig: ${reason}`, { cause });
  }
  throw new ConnectionError(`${file} is not a kubeconfig: it is not a mapping`);
}

const paths = new Set(["certificate-authority", "client-certificate", "client-key", "tokenFile"]);

function withAbsolutePaths<T>(entry: T, file: string): T {
  const found = Object.entries(entry as object).map(([name, value]: [string, unknown]) => {
    if (name === "exec") return [name, withAbsoluteCommand(value as KubeconfigExec, file)];
    return [name, paths.has(name) && value ? resolve(dirname(file), value as string) : value];
  });
  return Object.fromEntries(found) as T;
}

/** A bare name is looked up in PATH. */
function withAbsoluteCommand(exec: KubeconfigExec, file: string): KubeconfigExec {
  return exec.command.includes("/") ? { ...exec, command: resolve(dirname(file), exec.command) } : exec;
}

/** Merges as kubectl does for a list in KUBECONFIG: the first file that sets a value wins. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const merged = <T>(of: (config: Kubeconfig) => ReadonlyMap<string, T>): Map<string, T> =>
    new Map(configs.toReversed().flatMap((config) => of(config).entries().toArray()));
  return {
    files: configs.flatMap(({ files }) => files),
    currentContext: configs.find(({ currentContext }) => currentContext !== undefined)?.currentContext,
    contexts: merged(({ contexts }) => contexts),
    clusters: merged(({ clusters }) => clusters),
    users: merged(({ users }) => users),
  };
}

/** Settings that are not implemented, and that would change the user or the destination of requests if ignored. */
const unsupported = ["as", "as-uid", "as-groups", "as-user-extra", "proxy-url"];

export function selectContext(config: Kubeconfig, requested: string | undefined): SelectedContext {
  const files = config.files.join(", ");
  const name = requested ?? config.currentContext;
  if (name === undefined) {
    throw new ConnectionError(`${files} has no current-context: set --context to one of ${listOf(config.contexts)}`);
  }
  const context = config.contexts.get(name);
  if (context === undefined) {
    throw new ConnectionError(`context "${name}" not found in ${files}; available: ${listOf(config.contexts)}`);
  }
  const source = `context "${name}" of ${files}`;
  const cluster = config.clusters.get(context.cluster);
  if (!cluster?.server) throw new ConnectionError(`${source}: cluster "${context.cluster}" has no server`);
  const user = context.user ? config.users.get(context.user) : {};
  if (user === undefined) throw new ConnectionError(`${source}: user "${context.user}" not found`);
  const unknown = unsupported.find((setting) => setting in user || setting in cluster);
  if (unknown !== undefined) throw new ConnectionError(`${source}: "${unknown}" is not supported`);
  return { cluster, user, source, ...(context.namespace ? { namespace: context.namespace } : {}) };
}

function listOf(contexts: ReadonlyMap<string, Context>): string {
  return contexts.size === 0 ? "none" : [...contexts.keys()].map((name) => `"${name}"`).join(", ");
}
