/** Measures one server with a closed loop in another process. */
import { fileURLToPath } from "node:url";
import type { LoadFigures, ServerFigures } from "./figures.ts";
import { run, type Server } from "./servers.ts";

export async function measureLoad(
  server: Server,
  picture: string,
  connections: number,
  seconds: string,
): Promise<ServerFigures> {
  const client = fileURLToPath(new URL("load-client.ts", import.meta.url));
  const before = server.cpuMs();
  const args = [client, String(server.port), picture, String(connections), seconds];
  const figures = JSON.parse(await run(process.execPath, args)) as LoadFigures;
  return { ...figures, cpuMs: (server.cpuMs() - before) / figures.total };
}
