import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

/**
 * A port of 127.0.0.1 that nobody listens on. Somebody else may take it before its user does: whoever uses it has to be
 * ready to ask for another one.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
