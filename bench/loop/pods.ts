/** Reports of pods on fake nodes: each pod gets an address on loopback, at which this process responds. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { UtilizationReport } from "@gpumedia/api";
import type { Cluster } from "@gpumedia/e2e/cluster/cluster.ts";
import { until } from "@gpumedia/e2e/cluster/until.ts";
import { forEach } from "../operator/services.ts";

interface Pod {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const httpPort = 8080;
const inFlight = 16;

/** Resolves when `count` pods are ready and have an address; `report` returns the report of a service's pod. */
export async function letPodsReport(
  cluster: Cluster,
  namespace: string,
  count: number,
  report: (service: string) => UtilizationReport,
): Promise<{ close: () => void }> {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const ready = await until(
    `${count} ready pods`,
    async () => {
      const { items } = (await cluster.rest.request("GET", pods)) as { items: readonly Pod[] };
      const found = items.filter(({ status }) =>
        status.conditions?.some((one) => one.type === "Ready" && one.status === "True"),
      );
      return found.length === count ? found : undefined;
    },
    { withinMs: 600_000, everyMs: 1_000 },
  );
  const servers: Server[] = [];
  await forEach([...ready.entries()], inFlight, async ([index, { metadata }]) => {
    const ip = `127.99.${index >> 8}.${index & 255}`;
    const service = metadata.labels["gpumedia.io/service"] ?? "";
    const server = createServer((_request, response) => response.end(JSON.stringify(report(service))));
    servers.push(server);
    server.listen(httpPort, ip);
    await once(server, "listening");
    const status = { podIP: ip, podIPs: [{ ip }] };
    await cluster.rest.request("PATCH", `${pods}/${metadata.name}/status`, { status }, "merge-patch+json");
  });
  return { close: () => servers.forEach((server) => server.close()) };
}
