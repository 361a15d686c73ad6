/** Every effective value of a service with its origin, as a table or JSON. */
import { joinPath } from "@gpumedia/api";
import { stringify } from "yaml";
import type { EffectiveService, Origin } from "../effective/service.ts";
import { tableRow } from "./table.ts";

export interface ExplainedValue {
  readonly path: string;
  readonly value: unknown;
  readonly origin: Origin;
}

/** Returns values in the order of the schema; `below` selects those at or below a path. */
export function explainedValues(
  service: EffectiveService,
  origins: ReadonlyMap<string, Origin>,
  below: string,
): readonly ExplainedValue[] {
  return leaves(service, origins).filter(
    ({ path }) => below === "" || path === below || path.startsWith(`${below}.`) || path.startsWith(`${below}[`),
  );
}

/** An object's own values precede those of nested objects, so that the table names each object once. */
function leaves(node: object, origins: ReadonlyMap<string, Origin>, parent = ""): readonly ExplainedValue[] {
  const members = Object.entries(node).map(([key, value]: [string, unknown]) => {
    const path = joinPath(parent, key);
    return { path, value, origin: origins.get(path) };
  });
  return [
    ...members.flatMap(({ path, value, origin }) => (origin === undefined ? [] : [{ path, value, origin }])),
    ...members.flatMap(({ path, value, origin }) =>
      origin === undefined && typeof value === "object" && value !== null ? leaves(value, origins, path) : [],
    ),
  ];
}

const nameWidth = 31;
const gap = 2;

/** Groups values by section: full paths would leave no space for the origins. */
export function explainTable(values: readonly ExplainedValue[], columns: number): string {
  const valueWidth = Math.round(columns / 5);
  const sourceWidth = columns - nameWidth - valueWidth - 2 * gap;
  const lines: string[] = [];
  let section = "";
  for (const { path, value, origin } of values) {
    const [parent, name] = split(path);
    if (parent !== section) lines.push(...(lines.length === 0 ? [] : [""]), parent);
    section = parent;
    const label = parent === "" ? name : `  ${name}`;
    const text = shown(value);
    const source = originText(origin);
    if (text.length <= valueWidth) {
      lines.push(...tableRow([label, text, source], [nameWidth, valueWidth, sourceWidth]));
      continue;
    }
    // A long value extends over the column of its origin, which goes below.
    lines.push(...tableRow([label, text], [nameWidth, valueWidth + gap + sourceWidth]));
    lines.push(...tableRow(["", "", source], [nameWidth, valueWidth, sourceWidth]));
  }
  return `${lines.join("\n")}\n`;
}

function split(path: string): readonly [parent: string, name: string] {
  const quoted = /^(.*)\["(.*)"\]$/.exec(path);
  if (quoted !== null) return [quoted[1] ?? "", quoted[2] ?? ""];
  const dot = path.lastIndexOf(".");
  return [path.slice(0, Math.max(dot, 0)), path.slice(dot + 1)];
}

function shown(value: unknown): string {
  // An object that is merged as a whole, such as a reference to a Secret.
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return flow(value);
  if (!Array.isArray(value)) return value === "" ? '""' : String(value);
  return value.length === 0 ? "none" : value.map(flow).join(", ");
}

function flow(item: unknown): string {
  return stringify(item, { collectionStyle: "flow", flowCollectionPadding: false, lineWidth: 0 }).trim();
}

/** `guide: Load Balancing`, `spec`, `profile staging: why`, … */
function originText(origin: Origin): string {
  switch (origin.kind) {
    case "guide":
      return `guide: ${origin.section}`;
    case "choice":
      return `${origin.section === undefined ? `profile ${origin.profile}` : `guide: ${origin.section}`}: ${origin.why}`;
    case "profile":
      return `GpuMediaProfile ${origin.profile}`;
    case "spec":
      return "spec";
    case "flag":
      return `flag ${origin.flag}`;
    case "derived":
      return `${origin.section === undefined ? "" : `guide: ${origin.section}: `}from ${origin.from}: ${origin.why}`;
  }
}
