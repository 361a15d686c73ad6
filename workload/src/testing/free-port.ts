import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below the ports that Linux gives to outgoing connections and to servers that ask for any port: one of these would take the port
 * before the caller does.
 */
const [lowest, highest] = [15_000, 32_000];

/**
 * Returns a port of 127.0.0.1 that is free. Another program may take it before the caller does: the caller must be able to try
 * another one.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
