/** Listens on all addresses: an IPv6-only cluster has pods without an IPv4 address. */
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Settings } from "./config/settings.ts";

/** Returns the URL to print. @throws {NodeJS.ErrnoException} when the address cannot be bound */
export async function listen(
  app: Pick<FastifyInstance, "listen" | "addresses">,
  { host, port }: Settings["listen"],
): Promise<string> {
  if (host !== undefined) return app.listen({ host, port });
  // `::` serves both families where the kernel has IPv6.
  await app.listen({ host: "::", port }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EAFNOSUPPORT" && error.code !== "EADDRNOTAVAIL") throw error;
    return app.listen({ host: "0.0.0.0", port });
  });
  // The wildcard address is no destination for a browser.
  const { port: bound } = app.addresses()[0] as AddressInfo;
  return `http://localhost:${bound}`;
}
