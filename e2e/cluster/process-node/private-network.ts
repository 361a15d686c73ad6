/**
 * A private network for all processes of a cluster, in which they can listen on any address of a pod or Service, without root:
 * a user namespace with a network and a mount namespace.
 *
 *     this process ── 127.0.0.1:PORT ──┐
 *                   └─ connect() ──────┴──▶ tunnel.sock ──▶ tunnel.main.ts ──▶ any address of the private network
 *                                           (a file)        (inside)
 *
 * The API server has the same port inside and outside, so that one kubeconfig serves both.
 */
import { once } from "node:events";
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent, buildConnector } from "undici";
import type { Processes } from "../processes.ts";
import { until } from "../until.ts";
import { joined } from "./joined.ts";

const tunnelProgram = fileURLToPath(new URL("tunnel.main.ts", import.meta.url));
const socketFile = "tunnel.sock";

export class PrivateNetwork implements AsyncDisposable {
  /** The port on which the API server has to listen inside, to be reached from outside. */
  readonly port: number;
  readonly #socket: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  /** Connects to the network in which the processes were started. */
  static async enter(processes: Processes): Promise<PrivateNetwork> {
    const socket = join(processes.directory, socketFile);
    await processes.start("tunnel", { command: process.execPath, parameters: [tunnelProgram, socket] });
    await until("the tunnel into the private network", () => listening(socket));
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

  /** Opens a TCP connection to an address inside. */
  connect(host: string, port: number): Socket {
    const socket = createConnection({ path: this.#socket, allowHalfOpen: true });
    socket.write(`${host} ${port}\n`);
    return socket;
  }

  /** For undici: plain HTTP and WebSockets to addresses inside, or for all host names to this address. */
  agent(address?: string): Agent {
    return agentThrough(this.#socket, address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The same for a process that knows only the directory of a running cluster. */
export function agentOf(directory: string): Agent {
  return agentThrough(join(directory, socketFile));
}

function agentThrough(socketPath: string, address?: string): Agent {
  const connectSocket = buildConnector({ socketPath });
  return new Agent({
    connect: (options, callback) =>
      connectSocket({ ...options, hostname: "localhost" }, (...[error, socket]) => {
        if (error !== null) return callback(error, null);
        socket.write(`${address ?? options.hostname} ${options.port || "80"}\n`);
        return callback(null, socket);
      }),
  });
}

async function listening(path: string): Promise<boolean> {
  const socket = createConnection({ path });
  const [outcome] = await Promise.race([once(socket, "connect").then(() => [true]), once(socket, "close")]).catch(
    () => [undefined],
  );
  socket.destroy();
  return outcome === true;
}
