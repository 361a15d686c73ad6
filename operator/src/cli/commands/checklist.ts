/** `gpumedia checklist` */
import type { GpuMediaService } from "@gpumedia/api";
import { ApiError } from "../../kube/errors.ts";
import { serviceType } from "../../observe/cluster-cache.ts";
import { completeChecklist, type ChecklistItem } from "../../status/checklist.ts";
import { connected, type ConnectionFlags } from "../connected.ts";
import { tableRow } from "../table.ts";
import type { ExitCode, Terminal } from "../terminal.ts";
import { ClusterError } from "../top/cluster.ts";

export interface ChecklistFlags extends ConnectionFlags {
  readonly namespace?: string;
  readonly output: "table" | "json";
}

/** When the output is not a terminal. */
const widthElsewhere = 160;

export async function checklist(
  name: string,
  flags: ChecklistFlags,
  terminal: Terminal,
  version: string,
): Promise<ExitCode> {
  return connected(flags, terminal, `gpumedia-checklist/${version}`, async ({ client, connection }) => {
    const namespace = flags.namespace ?? connection.namespace ?? "default";
    const items = await client.get(serviceType, namespace, name).then(
      (service) => checklistOf(service as GpuMediaService),
      (error: unknown) => {
        if (error instanceof ApiError) throw new ClusterError(error.message, { cause: error });
        throw error;
      },
    );
    terminal.out(
      flags.output === "json"
        ? `${JSON.stringify(items, null, 2)}\n`
        : checklistText(items, terminal.columns ?? widthElsewhere),
    );
  });
}

/** All items of the guide. @throws {ClusterError} until the operator has evaluated them. */
export function checklistOf({ metadata: { name }, status }: GpuMediaService): readonly ChecklistItem[] {
  if (status?.guideChecklist === undefined) {
    throw new ClusterError(`GpuMediaService ${name} has no checklist yet; see kubectl describe gms ${name}`);
  }
  return completeChecklist(status.guideChecklist);
}

const titles: Readonly<Record<ChecklistItem["list"], string>> = {
  PreDeployment: "Pre-deployment",
  Runtime: "Runtime",
  ContinuousImprovement: "Continuous improvement",
};

/** One block for each list of the guide. */
export function checklistText(items: readonly ChecklistItem[], width: number): string {
  const itemWidth = Math.max(...items.map(({ item }) => item.length));
  const stateWidth = Math.max(...items.map(({ state }) => state.length));
  const widths = [stateWidth, itemWidth, Math.max(20, width - stateWidth - itemWidth - 6)];
  const blocks = [...Map.groupBy(items, ({ list }) => list)].map(([list, rows]) => [
    titles[list],
    ...rows.flatMap(({ state, item, message = "" }) =>
      tableRow([state, item, message], widths).map((line) => `  ${line}`),
    ),
  ]);
  return blocks.map((lines) => `${lines.join("\n")}\n`).join("\n");
}
