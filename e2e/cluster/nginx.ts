/** A real nginx in front of pods, with what an Ingress of ours asks of ingress-nginx. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../workload/src/testing/free-port.ts";
import { joined } from "./process-node/joined.ts";
import { systemPath } from "./process-node/network-namespace.ts";
import { Processes } from "./processes.ts";
import { until } from "./until.ts";

/** Why there is no nginx; undefined if there is. */
export function whyNoNginx(): string | undefined {
  const { error } = spawnSync("nginx", ["-v"], { env: systemPath() });
  return error === undefined ? undefined : "nginx is not on the PATH: install Debian's package nginx";
}

export interface NginxOptions {
  /** The value of the annotation `upstream-hash-by`; empty: none. */
  readonly hashBy: string;
  /** Opens a connection to each pod. */
  readonly pods: readonly (() => Socket)[];
}

export class Nginx implements AsyncDisposable {
  readonly address: string;
  /** How many requests each pod got: nginx opens a connection for each. */
  readonly requests: readonly number[];
  readonly #resources: AsyncDisposable;

  static async start({ hashBy, pods }: NginxOptions): Promise<Nginx> {
    await using resources = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "gpumedia-nginx-"));
    const processes = resources.use(await Processes.start(directory));
    // Its worker runs as another user if this process is root, and could not buffer a request.
    await chmod(directory, 0o755);
    const requests = pods.map(() => 0);
    const forwarders = await Promise.all(
      pods.map((connect, at) =>
        forwarder(() => {
          requests[at] = (requests[at] ?? 0) + 1;
          return connect();
        }),
      ),
    );
    for (const one of forwarders) resources.defer(() => void one.close());
    const port = await freePort();
    await writeFile(join(directory, "nginx.conf"), configuration(hashBy, port, forwarders.map(portOf)));
    const parameters = ["-p", `${directory}/`, "-c", "nginx.conf", "-e", "error.log"];
    await processes.start("nginx", { command: "nginx", parameters });
    const address = `http://127.0.0.1:${port}`;
    await until("nginx to listen", async () => (await fetch(`${address}/nginx`).catch(() => undefined))?.ok === true);
    return new Nginx(address, requests, resources.move());
  }

  private constructor(address: string, requests: readonly number[], resources: AsyncDisposable) {
    this.address = address;
    this.requests = requests;
    this.#resources = resources;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }
}

/** ingress-nginx hashes consistently and buffers requests by default. */
function configuration(hashBy: string, port: number, servers: readonly number[]): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return [
    "daemon off; worker_processes 1; pid nginx.pid; events {}",
    "http {",
    "access_log off; client_max_body_size 10m; proxy_read_timeout 300;",
    ...temporary.map((name) => `${name}_temp_path ${name};`),
    "upstream pods {",
    ...(hashBy === "" ? [] : [`hash ${hashBy} consistent;`]),
    ...servers.map((server) => `server 127.0.0.1:${server};`),
    `} server { listen 127.0.0.1:${port};`,
    "location = /nginx { return 200; }",
    "location / { proxy_pass http://pods; }",
    "} }",
  ].join("\n");
}

async function forwarder(connect: () => Socket): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (client) => joined(client, connect())).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
