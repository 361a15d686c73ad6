/** `gpumedia explain` */
import { explainedValues, explainTable } from "../explain.ts";
import { exit, UsageError, type ExitCode, type Terminal } from "../terminal.ts";
import { completeServices, type ServiceFlags } from "./files.ts";

export interface ExplainFlags extends ServiceFlags {
  readonly output: "table" | "json";
  /** Empty: everything. */
  readonly only: string;
}

/** Widths of a readable table, in columns; `widthElsewhere` when the output is not a terminal. */
const narrowest = 80;
const widest = 160;
const widthElsewhere = 120;

export async function explain(flags: ExplainFlags, terminal: Terminal): Promise<ExitCode> {
  const services = await completeServices(flags, terminal);
  if (services === undefined) return exit.findings;
  const path = flags.only.replace(/^\.?(spec(\.|$))?/, "");
  const explained = services.map(({ service, origins, status }) => ({
    name: service.name,
    namespace: service.namespace,
    profile: service.profile,
    // Only a cluster decides it: of a service that was read from one, the status has the decision.
    ...(status?.gpu?.allocation === undefined
      ? {}
      : { gpuAllocation: `${status.gpu.allocation}: ${status.gpu.message ?? ""}` }),
    values: explainedValues(service, origins, path),
  }));
  if (explained.every(({ values }) => values.length === 0)) throw new UsageError(`no value at ${flags.only}`);
  if (flags.output === "json") {
    terminal.out(`${JSON.stringify(explained, null, 2)}\n`);
    return exit.ok;
  }
  const columns = Math.min(Math.max(terminal.columns ?? widthElsewhere, narrowest), widest);
  const tables = explained.map(
    ({ name, namespace, profile, gpuAllocation, values }) =>
      `GpuMediaService ${namespace}/${name}, profile ${profile}\n${gpuAllocation === undefined ? "" : `GPUs by ${gpuAllocation}\n`}\n${explainTable(values, columns)}`,
  );
  terminal.out(tables.join("\n"));
  return exit.ok;
}
