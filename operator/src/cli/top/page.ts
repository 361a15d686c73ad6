/** One screen: a heading, the table, and a hint when rows do not fit. Pure. */
import type { Snapshot } from "./snapshot.ts";
import { topTable, type Line } from "./table.ts";

export interface Page {
  readonly snapshot: Snapshot;
  /** When the snapshot was read. */
  readonly at: Date;
  /** Why the last refresh failed. */
  readonly trouble: string | undefined;
  /** The cluster and namespace. */
  readonly place: string;
  readonly intervalMs: number;
}

export interface PageLine {
  readonly text: string;
  readonly is: Line["is"] | "heading";
}

export function topPage(page: Page, columns: number, rows: number): readonly PageLine[] {
  const { snapshot, trouble } = page;
  const heading: readonly PageLine[] = [
    { is: "heading", text: headingOf(page).slice(0, columns) },
    trouble === undefined ? { is: "heading", text: "" } : { is: "trouble", text: trouble.slice(0, columns) },
  ];
  if (snapshot.services.length === 0) return [...heading, { is: "heading", text: "No GpuMediaServices found." }];
  const table = topTable(snapshot, columns);
  const available = rows - heading.length;
  if (table.length <= available) return [...heading, ...table];
  const kept = table.slice(0, Math.max(1, available - 1));
  const hint = `… ${table.length - kept.length} more lines: pass a service name, or use --once`;
  return [...heading, ...kept, { is: "heading", text: hint.slice(0, columns) }];
}

function headingOf({ snapshot: { services }, at, place, intervalMs }: Page): string {
  const pods = services.reduce((total, service) => total + service.pods.length, 0);
  const time = at.toTimeString().slice(0, 8);
  // The least important part is last: a narrow terminal cuts it off.
  return `${time}, every ${intervalMs / 1000} s, q quits   ${counted(services.length, "service")}, ${counted(pods, "pod")}   ${place}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
