/** Verb, resource and object of a request to the Kubernetes API, from its method and URL. */

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

export interface ApiRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Undefined for requests without a resource: discovery, `/version`, `/healthz`. */
  readonly verb: Verb | undefined;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** All given fields must be equal; or a predicate. */
export type RequestMatch = Partial<Omit<ApiRequest, "url">> | ((request: ApiRequest) => boolean);

export function apiRequest(method: string, url: string): ApiRequest {
  const { pathname, searchParams } = new URL(url, "http://any");
  const segments = pathname
    .split("/")
    .filter((segment) => segment !== "")
    .map(decodeURIComponent);
  const [root] = segments;
  const group = root === "apis" ? (segments[1] ?? "") : "";
  const rest = root === "apis" ? segments.slice(3) : segments.slice(2);
  const isScoped = rest[0] === "namespaces" && rest.length > 2;
  const namespace = isScoped ? (rest[1] ?? "") : "";
  const [resource = "", name = "", subresource = ""] = isScoped ? rest.slice(2) : rest;
  const isResource = (root === "api" || root === "apis") && resource !== "";
  const verb = isResource ? verbOf(method, name !== "", searchParams.get("watch") === "true") : undefined;
  return { method, url, verb, group, resource, namespace, name, subresource };
}

function verbOf(method: string, named: boolean, watch: boolean): Verb | undefined {
  switch (method) {
    case "GET":
      if (watch) return "watch";
      return named ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return named ? "delete" : "deletecollection";
    default:
      return undefined;
  }
}

export function matches(request: ApiRequest, match: RequestMatch): boolean {
  if (typeof match === "function") return match(request);
  return Object.entries(match).every(([member, value]) => request[member as keyof ApiRequest] === value);
}

export function isWrite({ verb }: ApiRequest): boolean {
  return verb !== undefined && verb !== "get" && verb !== "list" && verb !== "watch";
}
