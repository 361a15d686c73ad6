/**
 * Who asks: the API server's aggregator says so in headers, and proves with its client certificate that it is the one to
 * say it. Which certificate and which headers is told in a ConfigMap. Pure.
 *
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/#authentication-flow
 */

export interface FrontProxy {
  /** PEM: who signs the aggregator's certificates. */
  readonly authority: string;
  /** Common names that an aggregator may have; empty: any that the authority has signed. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** From the data of kube-system/extension-apiserver-authentication; undefined when this cluster has no aggregator. */
export function frontProxyOf(data: Readonly<Record<string, string>>): FrontProxy | undefined {
  const authority = data["requestheader-client-ca-file"];
  const usernameHeaders = listOf(data["requestheader-username-headers"]);
  // Without an authority everybody could be anybody.
  if (authority === undefined || authority.trim() === "" || usernameHeaders.length === 0) return undefined;
  return {
    authority,
    allowedNames: listOf(data["requestheader-allowed-names"], { keepCase: true }),
    usernameHeaders,
    groupHeaders: listOf(data["requestheader-group-headers"]),
    extraHeaderPrefixes: listOf(data["requestheader-extra-headers-prefix"]),
  };
}

/** A JSON list; header names are compared in lower case, as Node gives them. */
function listOf(text: string | undefined, { keepCase = false } = {}): readonly string[] {
  if (text === undefined || text === "") return [];
  const value: unknown = JSON.parse(text);
  const names = Array.isArray(value) ? value.filter((name): name is string => typeof name === "string") : [];
  return keepCase ? names : names.map((name) => name.toLowerCase());
}

const authenticated = "system:authenticated";

type Headers = Readonly<Record<string, readonly string[] | undefined>>;

/** `headers`: by name in lower case, each with all its values. Undefined when no user is named. */
export function userOf(proxy: FrontProxy, headers: Headers): User | undefined {
  const name = proxy.usernameHeaders
    .map((header) => headers[header]?.[0])
    .find((one) => one !== undefined && one !== "");
  if (name === undefined) return undefined;
  const named = proxy.groupHeaders.flatMap((header) => headers[header] ?? []);
  // Every API server adds it to whom it has recognised; the aggregator asks for our discovery as a user of no group.
  const groups = [...new Set([...named, authenticated])];
  const extra: Record<string, readonly string[]> = {};
  for (const [header, values] of Object.entries(headers)) {
    const prefix = proxy.extraHeaderPrefixes.find((one) => header.startsWith(one));
    if (prefix !== undefined && values !== undefined) extra[unescape(header.slice(prefix.length))] = values;
  }
  return { name, groups, extra };
}

/** Header names cannot hold all that keys may: they come percent-encoded. */
function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
