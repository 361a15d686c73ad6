/**
 * The user behind a request: the API server's aggregator names the user in headers and authenticates itself with a client
 * certificate. A ConfigMap holds the certificate's CA and the names of the headers. Pure.
 *
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/#authentication-flow
 */

export interface FrontProxy {
  /** PEM: the CA of the aggregator's certificates. */
  readonly authority: string;
  /** Common names that an aggregator may have; empty: any. */
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

/** Reads the data of kube-system/extension-apiserver-authentication; undefined without an aggregator. */
export function frontProxyOf(data: Readonly<Record<string, string>>): FrontProxy | undefined {
  const authority = data["requestheader-client-ca-file"];
  const usernameHeaders = listOf(data["requestheader-username-headers"]);
  // Without a CA, any client could impersonate any user.
  if (authority === undefined || authority.trim() === "" || usernameHeaders.length === 0) return undefined;
  return {
    authority,
    allowedNames: listOf(data["requestheader-allowed-names"], { keepCase: true }),
    usernameHeaders,
    groupHeaders: listOf(data["requestheader-group-headers"]),
    extraHeaderPrefixes: listOf(data["requestheader-extra-headers-prefix"]),
  };
}

/** Parses a JSON list; header names are in lower case, as in Node. */
function listOf(text: string | undefined, { keepCase = false } = {}): readonly string[] {
  if (text === undefined || text === "") return [];
  const value: unknown = JSON.parse(text);
  const names = Array.isArray(value) ? value.filter((name): name is string => typeof name === "string") : [];
  return keepCase ? names : names.map((name) => name.toLowerCase());
}

const authenticated = "system:authenticated";

type Headers = Readonly<Record<string, readonly string[] | undefined>>;

/** Returns the user that `headers` name, by names in lower case; undefined when they name none. */
export function userOf(proxy: FrontProxy, headers: Headers): User | undefined {
  const name = proxy.usernameHeaders
    .map((header) => headers[header]?.[0])
    .find((one) => one !== undefined && one !== "");
  if (name === undefined) return undefined;
  const named = proxy.groupHeaders.flatMap((header) => headers[header] ?? []);
  // Every API server adds this group to an authenticated user; the aggregator's own discovery requests lack it.
  const groups = [...new Set([...named, authenticated])];
  const extra: Record<string, readonly string[]> = {};
  for (const [header, values] of Object.entries(headers)) {
    const prefix = proxy.extraHeaderPrefixes.find((one) => header.startsWith(one));
    if (prefix !== undefined && values !== undefined) extra[unescape(header.slice(prefix.length))] = values;
  }
  return { name, groups, extra };
}

/** Keys are percent-encoded, as header names allow fewer characters. */
function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
