import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

/**
 * Returns a port of 127.0.0.1 that is free. Another program may take it before the caller does: the caller must be able to try
 * another one.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
