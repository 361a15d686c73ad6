/**
 * A network of their own for all processes of a cluster, in which any address of a pod or Service can be listened on,
 * without root: a user namespace with a network and a mount namespace.
 *
 *     this process ── 127.0.0.1:PORT ──┐
 *                   └─ connect() ──────┴──▶ tunnel.sock ──▶ tunnel.main.ts ──▶ any address of the private network
 *                                           (a file)        (inside)
 *
 * The API server has the same port outside as inside, so that one kubeconfig serves both.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Agent, buildConnector } from "undici";
import type { Processes } from "../processes.ts";
import { until } from "../until.ts";
import { joined } from "./joined.ts";

/** Of the node, and of everything that is no pod. */
export const nodeAddress = "192.168.77.1";
/** As --service-cluster-ip-range has it. */
export const serviceRange = "10.0.0.0/16";
export const podRange = "10.244.0.0/16";

const tunnelProgram = fileURLToPath(new URL("tunnel.main.ts", import.meta.url));
const hostsFile = "hosts";
const socketFile = "tunnel.sock";

/** Every address of a local route can be bound without being anybody's: no interface per pod, no rule per Service. */
const setUp = [
  "ip link set lo up",
  `ip addr add ${nodeAddress}/32 dev lo`,
  `ip route add local ${podRange} dev lo`,
  `ip route add local ${serviceRange} dev lo`,
];
// getaddrinfo reads the file for each name: that is all the DNS that these pods need.
const ownHosts = 'mount --bind "$0" /etc/hosts';

/** The beginning of a command that runs in a new private network; `directory` has been prepared by `prepare`. */
export function inPrivateNetwork(directory: string): readonly [string, ...string[]] {
  const script = [...setUp, ownHosts, 'exec "$@"'].join(" && ");
  return ["unshare", ...namespaces, "--", "sh", "-c", script, join(directory, hostsFile)];
}

const namespaces = ["--user", "--map-root-user", "--net", "--mount"];

/** Fails with what to do about it where this machine allows no private network. */
export async function preparePrivateNetwork(directory: string): Promise<void> {
  await writeFile(join(directory, hostsFile), "127.0.0.1 localhost\n::1 localhost\n");
  const why = await whyNoPrivateNetwork();
  if (why === undefined) return;
  throw new Error(
    `pods can't have a network of their own here: ${why}\n` +
      "It takes util-linux, iproute2 and unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1 or\n" +
      "kernel.apparmor_restrict_unprivileged_userns=0, or run it as root).",
  );
}

/** In the words of the program that fails here; undefined: this machine allows it. */
export async function whyNoPrivateNetwork(): Promise<string | undefined> {
  try {
    await promisify(execFile)("unshare", [...namespaces, "--", "sh", "-c", setUp.join(" && ")], { env: systemPath() });
    return undefined;
  } catch (error) {
    const { code, stderr = "" } = error as { readonly code?: unknown; readonly stderr?: string };
    return code === "ENOENT" ? "unshare (util-linux) is not on the PATH" : stderr.trim();
  }
}

/** `ip` is in a directory that not every user has on the PATH. */
export function systemPath(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
}

export class PrivateNetwork implements AsyncDisposable {
  /** Where the API server has to listen inside to be reached outside. */
  readonly port: number;
  readonly #socket: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  /** The network that the processes were started in, entered from outside. */
  static async enter(processes: Processes): Promise<PrivateNetwork> {
    const socket = join(processes.directory, socketFile);
    await processes.start("tunnel", { command: process.execPath, parameters: [tunnelProgram, socket] });
    await until("the way into the private network", () => listening(socket));
    const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    server.unref();
    return new PrivateNetwork(socket, server);
  }

  private constructor(socket: string, server: Server) {
    this.#socket = socket;
    this.#server = server;
    this.#sockets = new Set();
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (client) => {
      const inside = this.connect("127.0.0.1", this.port);
      this.#sockets.add(client);
      client.on("close", () => this.#sockets.delete(client));
      joined(client, inside);
    });
  }

  /** A TCP connection to an address inside. */
  connect(host: string, port: number): Socket {
    const socket = createConnection({ path: this.#socket, allowHalfOpen: true });
    socket.write(`${host} ${port}\n`);
    return socket;
  }

  /** For undici's `fetch` and `request`: plain HTTP to addresses inside. */
  agent(): Agent {
    return agentThrough(this.#socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The same for who has only the directory of a cluster that is up. */
export function agentOf(directory: string): Agent {
  return agentThrough(join(directory, socketFile));
}

function agentThrough(socketPath: string): Agent {
  const connectSocket = buildConnector({ socketPath });
  return new Agent({
    connect: (options, callback) =>
      connectSocket({ ...options, hostname: "localhost" }, (...[error, socket]) => {
        if (error !== null) return callback(error, null);
        socket.write(`${options.hostname} ${options.port || "80"}\n`);
        return callback(null, socket);
      }),
  });
}

async function listening(path: string): Promise<true | undefined> {
  const socket = createConnection({ path });
  const [outcome] = await Promise.race([once(socket, "connect").then(() => [true]), once(socket, "close")]).catch(
    () => [undefined],
  );
  socket.destroy();
  return outcome === true ? true : undefined;
}
