/** The last load test of a service, for its checklist. Pure. */
import type { GpuMediaLoadTest } from "@gpumedia/api";
import type { LastLoadTest } from "../status/status-input.ts";
import { isFinished } from "./status.ts";

type Test = Pick<GpuMediaLoadTest, "metadata" | "status">;

/** The one that finished last; undefined when none has. */
export function lastLoadTest(tests: readonly Test[]): LastLoadTest | undefined {
  const [last] = tests
    .filter(({ status }) => isFinished(status))
    .toSorted((a, b) => (b.status?.completionTime ?? "").localeCompare(a.status?.completionTime ?? ""));
  if (last === undefined) return undefined;
  const { metadata, status } = last;
  const message = status?.conditions?.[0]?.message ?? "";
  return { name: metadata.name, passed: status?.verdict === "Passed", message };
}
