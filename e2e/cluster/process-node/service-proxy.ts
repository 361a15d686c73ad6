/**
 * Serves the addresses of Services: listens on each ClusterIP and port, and forwards a connection to one of the Service's ready
 * pods; if none is ready, to a terminating one that still serves, as kube-proxy does. TCP only.
 *
 * kube-proxy itself needs iptables or nft on the machine. Clients see the same: a connection stays with its pod until either
 * side closes it, and changed endpoints apply to new connections only.
 */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { joined } from "./joined.ts";

export interface Service {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: { readonly clusterIP?: string; readonly ports?: readonly ServicePort[] };
}

interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
}

export interface EndpointSlice {
  readonly metadata: { readonly namespace: string; readonly labels?: Readonly<Record<string, string>> };
  readonly addressType: string;
  /** Null, not absent, if there are none. */
  readonly endpoints:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean };
      }[]
    | null;
  readonly ports: readonly { readonly name?: string; readonly port?: number }[] | null;
}

export interface Backend {
  readonly address: string;
  readonly port: number;
}

/** Backends by the `IP:PORT` to listen on. Pure. */
export function routes(services: readonly Service[], slices: readonly EndpointSlice[]): Map<string, Backend[]> {
  const found = new Map<string, Backend[]>();
  for (const { metadata, spec } of services) {
    const { clusterIP = "None", ports = [] } = spec;
    if (clusterIP === "None" || clusterIP === "") continue;
    const own = slices.filter(
      (slice) =>
        slice.addressType === "IPv4" &&
        slice.metadata.namespace === metadata.namespace &&
        slice.metadata.labels?.["kubernetes.io/service-name"] === metadata.name,
    );
    for (const port of ports.filter(({ protocol = "TCP" }) => protocol === "TCP")) {
      found.set(`${clusterIP}:${port.port}`, backends(own, port.name ?? ""));
    }
  }
  return found;
}

function backends(slices: readonly EndpointSlice[], portName: string): Backend[] {
  const having = (condition: "ready" | "serving"): Backend[] =>
    slices.flatMap(({ endpoints, ports }) => {
      const port = ports?.find(({ name = "" }) => name === portName)?.port ?? 0;
      const chosen = (endpoints ?? []).filter(({ conditions = {} }) => conditions[condition] !== false);
      return chosen.flatMap(({ addresses }) => addresses.map((address) => ({ address, port })));
    });
  const ready = having("ready");
  return ready.length > 0 ? ready : having("serving");
}

/** `localhost`, and each Service by its names in the cluster's DNS. Pure. */
export function hosts(services: readonly Service[]): string {
  const lines = services
    .filter(({ spec }) => spec.clusterIP !== undefined && spec.clusterIP !== "None" && spec.clusterIP !== "")
    .map(({ metadata: { name, namespace }, spec }) => {
      const short = `${name}.${namespace}`;
      return `${spec.clusterIP} ${short} ${short}.svc ${short}.svc.cluster.local`;
    });
  return ["127.0.0.1 localhost", "::1 localhost", ...lines, ""].join("\n");
}

export class ServiceProxy {
  readonly #servers = new Map<string, Server>();
  #routes = new Map<string, Backend[]>();

  update(routes: Map<string, Backend[]>): void {
    this.#routes = routes;
    for (const [key, server] of this.#servers) {
      if (routes.has(key)) continue;
      server.close();
      this.#servers.delete(key);
    }
    for (const key of routes.keys()) if (!this.#servers.has(key)) this.#listen(key);
  }

  #listen(key: string): void {
    const [host = "", port] = key.split(":");
    const server = createServer({ allowHalfOpen: true }, (client) => this.#forward(key, client));
    server.on("error", ({ message }) => process.stderr.write(`cannot listen on ${key}: ${message}\n`));
    server.listen(Number(port), host);
    this.#servers.set(key, server);
  }

  #forward(key: string, client: Socket): void {
    const backends = this.#routes.get(key) ?? [];
    const backend = backends[Math.floor(Math.random() * backends.length)];
    if (backend === undefined) {
      client.resetAndDestroy();
      return;
    }
    joined(client, createConnection({ host: backend.address, port: backend.port, allowHalfOpen: true }));
  }
}
