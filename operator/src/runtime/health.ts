/** The HTTP endpoints for the kubelet and Prometheus: `/livez`, `/readyz`, `/metrics`. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isIPv6, type AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import type { WorkQueue } from "./queue.ts";

export interface ListenAddress {
  /** Absent: all addresses, IPv6 and IPv4. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface Check {
  readonly name: string;
  /** What is wrong, for readers of `kubectl describe pod`; undefined when healthy. */
  readonly problem: () => string | undefined;
}

export interface EndpointOptions {
  readonly health: ListenAddress | "off";
  /** May be the same as `health`. */
  readonly metrics: ListenAddress | "off";
  /** A failure restarts the container, so only check what a restart repairs. */
  readonly live: readonly Check[];
  /** A failure delays a rolling update. A standby is ready, too. */
  readonly ready: readonly Check[];
  readonly registry: Registry;
}

export interface Endpoints {
  /** `http://127.0.0.1:8081`, with the port that was bound. */
  readonly urls: { readonly health?: string; readonly metrics?: string };
  readonly close: () => Promise<void>;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

type Routes = Readonly<Record<string, () => Page | Promise<Page>>>;

/** An address that cannot be bound: the configuration is wrong, not the program. */
export class ListenError extends Error {
  override readonly name = "ListenError";

  constructor(flag: string, { host = "", port }: ListenAddress, cause: NodeJS.ErrnoException) {
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: "the port is in use",
      EACCES: "permission denied",
      EADDRNOTAVAIL: "this machine does not have that address",
    };
    const reason = reasons[cause.code ?? ""] ?? cause.message;
    super(
      `cannot listen on ${isIPv6(host) ? `[${host}]` : host}:${port} for ${flag}: ${reason}; choose another address, or 0 to disable`,
      { cause },
    );
  }
}

/** @throws {ListenError} when an address can't be bound; then none is left bound. */
export async function startEndpoints({ health, metrics, live, ready, registry }: EndpointOptions): Promise<Endpoints> {
  const healthRoutes = { "/livez": () => report("livez", live), "/readyz": () => report("readyz", ready) };
  const metricsRoutes = {
    "/metrics": async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }),
  };
  const listeners: Listener[] = [];
  const close = async (): Promise<void> => void (await Promise.all(listeners.map((listener) => listener.close())));
  const open = async (flag: string, address: ListenAddress, routes: Routes): Promise<string> => {
    const listener = await listen(address, routes).catch((error: NodeJS.ErrnoException) => {
      throw new ListenError(flag, address, error);
    });
    listeners.push(listener);
    return listener.url;
  };
  try {
    if (health !== "off" && metrics !== "off" && health.host === metrics.host && health.port === metrics.port) {
      const url = await open("--health-address", health, { ...healthRoutes, ...metricsRoutes });
      return { urls: { health: url, metrics: url }, close };
    }
    const urls = {
      ...(health === "off" ? {} : { health: await open("--health-address", health, healthRoutes) }),
      ...(metrics === "off" ? {} : { metrics: await open("--metrics-address", metrics, metricsRoutes) }),
    };
    return { urls, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Fails when a reconcile runs too long: one that never returns blocks its service until the process restarts. */
export function reconcilesFinish(queue: WorkQueue, withinMs: number): Check {
  return {
    name: "reconciles",
    problem() {
      const stuck = queue.running().filter(({ forMs }) => forMs > withinMs);
      if (stuck.length === 0) return undefined;
      const list = stuck.map(({ key, forMs }) => `${key} for ${Math.round(forMs / 60_000)} min`);
      return `reconciles do not finish: ${list.join(", ")}`;
    },
  };
}

/** One line per check, in the format of the API server's `/readyz?verbose`. */
function report(name: string, checks: readonly Check[]): Page {
  const results = checks.map((check) => ({ name: check.name, problem: check.problem() }));
  const healthy = results.every(({ problem }) => problem === undefined);
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name}: ${problem}`,
  );
  return text(healthy ? 200 : 503, [...lines, `${name} check ${healthy ? "passed" : "failed"}`].join("\n"));
}

function text(status: number, body: string): Page {
  return { status, type: "text/plain; charset=utf-8", body: `${body}\n` };
}

interface Listener {
  readonly url: string;
  readonly close: () => Promise<void>;
}

async function listen({ host, port }: ListenAddress, routes: Routes): Promise<Listener> {
  const server = createServer((request, response) => void respond(request, response, routes));
  server.listen({ port, ...(host === undefined ? {} : { host }) });
  await once(server, "listening");
  const bound = server.address() as AddressInfo;
  // `::` and `0.0.0.0` can be bound, but are not destinations.
  const reachable = host === undefined || /^(0\.0\.0\.0|::)$/.test(host) ? "127.0.0.1" : bound.address;
  return {
    url: `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${bound.port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  const { status, type, body } = await page(request, routes);
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "x-content-type-options": "nosniff",
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function page({ url = "/", method = "" }: IncomingMessage, routes: Routes): Promise<Page> {
  const [path = ""] = url.split("?", 1);
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return text(404, `not found; available: ${Object.keys(routes).join(", ")}`);
  if (method !== "GET" && method !== "HEAD") return text(405, "only GET and HEAD are allowed");
  try {
    return await route();
  } catch (error) {
    return text(500, String(error));
  }
}
