/**
 * Makes the addresses of Services work: listens on each ClusterIP and port, and passes a connection on to one of the
 * Service's ready pods; where none is ready, to one that still serves while it ends, as kube-proxy does. TCP only.
 *
 * kube-proxy itself needs iptables or nft on the machine. What clients see of it is kept: a connection stays with its pod
 * until one of both closes it, and a change of the endpoints is for new connections alone.
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
  /** Null, and not absent, while there is none. */
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

/** What is listened on, `IP:PORT`, and where a connection to it may go. Pure. */
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

/** `localhost`, and each Service by the names that the cluster's DNS would answer to. Pure. */
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
    const server = createServer({ allowHalfOpen: true }, (client) => this.#pass(key, client));
    server.on("error", ({ message }) => process.stderr.write(`cannot listen on ${key}: ${message}\n`));
    server.listen(Number(port), host);
    this.#servers.set(key, server);
  }

  #pass(key: string, client: Socket): void {
    const backends = this.#routes.get(key) ?? [];
    const backend = backends[Math.floor(Math.random() * backends.length)];
    if (backend === undefined) {
      client.resetAndDestroy();
      return;
    }
    joined(client, createConnection({ host: backend.address, port: backend.port, allowHalfOpen: true }));
  }
}
