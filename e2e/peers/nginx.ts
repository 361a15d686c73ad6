/** Debian's nginx in front of pods, configured as ingress-nginx configures its own by the annotations of our Ingress. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nginxAnnotation, type AnnotatedSetting } from "@gpumedia/operator/src/neighbours/ingress-nginx.ts";
import { freePort } from "@gpumedia/processor/src/testing/free-port.ts";
import { joined } from "../cluster/process-node/joined.ts";
import { systemPath } from "../cluster/process-node/network-namespace.ts";
import { Processes } from "../cluster/processes.ts";
import { until } from "../cluster/until.ts";

/** Why there is no nginx; undefined if there is. */
export function whyNoNginx(): string | undefined {
  const { error } = spawnSync("nginx", ["-v"], { env: systemPath() });
  return error === undefined ? undefined : "nginx is not on the PATH: install Debian's package nginx";
}

export interface NginxOptions {
  /** Of the Ingress. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Opens a connection to each pod. */
  readonly pods: readonly (() => Socket)[];
}

export class Nginx implements AsyncDisposable {
  readonly address: string;
  /** How many requests each pod got: nginx opens a connection for each. */
  readonly requests: readonly number[];
  readonly #resources: AsyncDisposable;

  static async start({ annotations, pods }: NginxOptions): Promise<Nginx> {
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
    await writeFile(join(directory, "nginx.conf"), configuration(annotations, port, forwarders.map(portOf)));
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

/**
 * ingress-nginx hashes consistently, buffers requests, passes upgrades on, and tries another pod after an error or a timeout, except for
 * requests such as POST.
 */
function configuration(annotations: NginxOptions["annotations"], port: number, servers: readonly number[]): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const valueOf = (setting: AnnotatedSetting): string | undefined => annotations[nginxAnnotation(setting)];
  const hashBy = valueOf("hashBy");
  return [
    "daemon off; worker_processes 1; pid nginx.pid; events {}",
    "http {",
    "access_log off;",
    `proxy_connect_timeout ${valueOf("connectTimeout")}s;`,
    `proxy_send_timeout ${valueOf("sendTimeout")}s;`,
    `proxy_read_timeout ${valueOf("readTimeout")}s;`,
    `client_max_body_size ${valueOf("maxBodySize")};`,
    ...temporary.map((name) => `${name}_temp_path ${name};`),
    "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }",
    "upstream pods {",
    ...(hashBy === undefined ? [] : [`hash ${hashBy} consistent;`]),
    ...servers.map((server) => `server 127.0.0.1:${server};`),
    `} server { listen 127.0.0.1:${port};`,
    "location = /nginx { return 200; }",
    "location / { proxy_pass http://pods; proxy_http_version 1.1;",
    "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; }",
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
