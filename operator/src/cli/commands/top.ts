/** `gpumedia top` */
import { connected, type ConnectionFlags, type Link } from "../connected.ts";
import { UsageError, type ExitCode, type Screen, type Terminal } from "../terminal.ts";
import { ClusterError, readCluster, type ServiceSelection } from "../top/cluster.ts";
import { topPage } from "../top/page.ts";
import type { Snapshot } from "../top/snapshot.ts";
import { topTable } from "../top/table.ts";

export interface TopFlags extends ConnectionFlags {
  readonly namespace?: string;
  readonly allNamespaces: boolean;
  readonly once: boolean;
  readonly output: "table" | "json";
  readonly interval: number;
}

/** When the output is not a terminal. */
const widthElsewhere = 160;

/** Refreshes the table until the user quits; prints it once where the output is not a terminal. */
export async function top(
  names: readonly string[],
  flags: TopFlags,
  terminal: Terminal,
  version: string,
): Promise<ExitCode> {
  if (flags.allNamespaces && names.length > 0)
    throw new UsageError("service names require one namespace: use -n instead of -A");
  if (flags.allNamespaces && flags.namespace !== undefined) throw new UsageError("-n and -A are mutually exclusive");
  return connected(flags, terminal, `gpumedia-top/${version}`, (link) => show(names, flags, terminal, link));
}

async function show(
  names: readonly string[],
  flags: TopFlags,
  terminal: Terminal,
  { connection, transport, client }: Link,
): Promise<void> {
  const namespace = flags.allNamespaces ? undefined : (flags.namespace ?? connection.namespace ?? "default");
  const selection = { namespace, names };
  const read = (signal: AbortSignal): Promise<Snapshot> => readCluster({ client, transport }, selection, signal);
  const first = await read(new AbortController().signal);
  if (flags.once || flags.output === "json" || terminal.openScreen === undefined) {
    return print(first, selection, flags, terminal);
  }
  const place = `${connection.source.replace(/ of .*/, "")}, ${namespace ?? "all namespaces"}`;
  return draw(first, read, { place, intervalMs: flags.interval }, terminal.openScreen());
}

function print(snapshot: Snapshot, { namespace }: ServiceSelection, { output }: TopFlags, terminal: Terminal): void {
  if (output === "json") return terminal.out(`${JSON.stringify(snapshot, null, 2)}\n`);
  if (snapshot.services.length === 0) {
    return terminal.err(
      `No GpuMediaServices found in ${namespace === undefined ? "any namespace" : `namespace ${namespace}`}.\n`,
    );
  }
  const lines = topTable(snapshot, terminal.columns ?? widthElsewhere);
  return terminal.out(lines.map(({ text }) => `${text}\n`).join(""));
}

interface Drawing {
  readonly place: string;
  readonly intervalMs: number;
}

async function draw(
  first: Snapshot,
  read: (signal: AbortSignal) => Promise<Snapshot>,
  { place, intervalMs }: Drawing,
  screen: Screen,
): Promise<void> {
  let shown = { snapshot: first, at: new Date() };
  let trouble: string | undefined;
  const paint = (): void => screen.draw(topPage({ ...shown, trouble, place, intervalMs }, screen.columns, screen.rows));
  screen.onResize(paint);
  try {
    for (;;) {
      paint();
      await screen.pause(intervalMs);
      if (screen.quit.aborted) return;
      try {
        shown = { snapshot: await read(screen.quit), at: new Date() };
        trouble = undefined;
      } catch (error) {
        if (screen.quit.aborted) return;
        if (!(error instanceof ClusterError)) throw error;
        // The API server may be back soon: the last table stays, with its time.
        trouble = error.message;
      }
    }
  } finally {
    screen.close();
  }
}
