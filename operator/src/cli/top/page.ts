/** One screen full: a heading, the table, and what does not fit. Pure. */
import type { Snapshot } from "./snapshot.ts";
import { topTable, type Line } from "./table.ts";

export interface Page {
  readonly snapshot: Snapshot;
  /** When it was read. */
  readonly at: Date;
  /** Why there is no newer one. */
  readonly trouble: string | undefined;
  /** Which cluster and namespace. */
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
  if (snapshot.services.length === 0) return [...heading, { is: "heading", text: "There is no GpuMediaService." }];
  const table = topTable(snapshot, columns);
  const room = rows - heading.length;
  if (table.length <= room) return [...heading, ...table];
  const kept = table.slice(0, Math.max(1, room - 1));
  const hint = `… ${table.length - kept.length} more lines: name a service, or use --once`;
  return [...heading, ...kept, { is: "heading", text: hint.slice(0, columns) }];
}

function headingOf({ snapshot: { services }, at, place, intervalMs }: Page): string {
  const pods = services.reduce((total, service) => total + service.pods.length, 0);
  const time = at.toTimeString().slice(0, 8);
  // What is cut on a narrow terminal matters least.
  return `${time}, every ${intervalMs / 1000} s, q quits   ${counted(services.length, "service")}, ${counted(pods, "pod")}   ${place}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
