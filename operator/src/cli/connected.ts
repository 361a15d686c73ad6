/** The connection of a command that reads a cluster. */
import { createApiClient, type ApiClient } from "../kube/client.ts";
import { checkConnection, loadConnection, type LoadedConnection } from "../kube/connection.ts";
import { ConnectionError } from "../kube/errors.ts";
import { createTransport, type Transport } from "../kube/transport.ts";
import { exit, type ExitCode, type Terminal } from "./terminal.ts";
import { ClusterError } from "./top/cluster.ts";

export interface ConnectionFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export interface Link {
  readonly connection: LoadedConnection;
  readonly transport: Transport;
  readonly client: ApiClient;
}

/** Connects, runs `use`, and prints the error of either. */
export async function connected(
  flags: ConnectionFlags,
  terminal: Terminal,
  userAgent: string,
  use: (link: Link) => Promise<void>,
): Promise<ExitCode> {
  try {
    const connection = await loadConnection(flags);
    const transport = createTransport(connection, { userAgent });
    try {
      const client = createApiClient(transport);
      await checkConnection(client, connection);
      await use({ connection, transport, client });
    } finally {
      await transport.close();
    }
    return exit.ok;
  } catch (error) {
    if (!(error instanceof ConnectionError) && !(error instanceof ClusterError)) throw error;
    terminal.err(`${error.message}\n`);
    return exit.findings;
  }
}
