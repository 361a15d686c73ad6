/** `/metrics/resource` of the node, as a kubelet serves it for metrics-server: what the containers' processes used. */
import { readdir, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { once } from "node:events";

/** A container that runs. */
export interface RunningContainer {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly startedAt: string;
  /** Its first process, which leads the group of its processes. */
  readonly pid: number;
}

export interface Usage {
  readonly cpuSeconds: number;
  /** Resident, which stands in for the working set. */
  readonly memoryBytes: number;
}

/** USER_HZ, the unit of times in /proc, is 100 on all machines with Linux that Node supports. */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** Of one process, from /proc/PID/stat (man 5 proc): its group, and its own use with that of children that it has waited for. */
export function parseStat(text: string): Usage & { readonly group: number } {
  // The name, in parentheses, may contain spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  const ticks = field(14) + field(15) + field(16) + field(17);
  return { group: field(5), cpuSeconds: ticks / ticksPerSecond, memoryBytes: field(24) * pageBytes };
}

/** In the text format of Prometheus, with times in ms. */
export function resourceMetrics(
  containers: readonly RunningContainer[],
  usageOf: (pid: number) => Usage,
  nowMs: number,
): string {
  const used = containers.map((container) => ({ ...container, ...usageOf(container.pid) }));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return [
    // metrics-server takes a node for incomplete whose figures are 0: kubelet and system use something, too.
    `node_cpu_usage_seconds_total ${1 + sum(used.map(({ cpuSeconds }) => cpuSeconds))} ${nowMs}`,
    `node_memory_working_set_bytes ${2 ** 20 + sum(used.map(({ memoryBytes }) => memoryBytes))} ${nowMs}`,
    ...used.flatMap(({ namespace, pod, container, startedAt, cpuSeconds, memoryBytes }) => {
      const labels = `{container="${container}",namespace="${namespace}",pod="${pod}"}`;
      return [
        `container_cpu_usage_seconds_total${labels} ${cpuSeconds} ${nowMs}`,
        `container_memory_working_set_bytes${labels} ${memoryBytes} ${nowMs}`,
        `container_start_time_seconds${labels} ${Date.parse(startedAt) / 1000}`,
      ];
    }),
    "",
  ].join("\n");
}

/** Serves them by HTTP; the caller closes it. */
export async function serveResourceMetrics(
  { address, port }: { readonly address: string; readonly port: number },
  containers: () => readonly RunningContainer[],
): Promise<Server> {
  const server = createServer((_, response) => {
    void groups().then((usages) => {
      const usageOf = (pid: number): Usage => usages.get(pid) ?? { cpuSeconds: 0, memoryBytes: 0 };
      response.setHeader("content-type", "text/plain; version=0.0.4");
      response.end(resourceMetrics(containers(), usageOf, Date.now()));
    });
  });
  server.listen(port, address);
  await once(server, "listening");
  return server;
}

/** What the processes of each group use together. */
async function groups(): Promise<ReadonlyMap<number, Usage>> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const usages = new Map<number, Usage>();
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    // It has ended since.
    if (text === undefined) continue;
    const { group, cpuSeconds, memoryBytes } = parseStat(text);
    const before = usages.get(group) ?? { cpuSeconds: 0, memoryBytes: 0 };
    usages.set(group, {
      cpuSeconds: before.cpuSeconds + cpuSeconds,
      memoryBytes: before.memoryBytes + memoryBytes,
    });
  }
  return usages;
}
