/** Runs kube-score. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { tool } from "../cluster/tools.ts";

/** The members of kube-score's JSON, version 2, that we read. */
interface Scored {
  readonly checks: readonly {
    readonly check: { readonly id: string };
    /** 10 means no finding. */
    readonly grade: number;
    readonly skipped: boolean;
  }[];
}

// A cold build takes minutes. No hook's timeout runs while mocha loads the specs.
const program = await tool("kube-score");

/** Returns the names of the checks with findings, sorted. `manifests` is YAML. */
export async function kubeScore(manifests: string): Promise<readonly string[]> {
  const parameters = ["score", "--output-format", "json", "--kubernetes-version", "v1.35", "-"];
  const child = spawn(program, parameters, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(manifests);
  const [output] = await Promise.all([text(child.stdout), once(child, "close")]);
  const ids = (JSON.parse(output) as readonly Scored[]).flatMap(({ checks }) =>
    checks.filter(({ skipped, grade }) => !skipped && grade < 10).map(({ check }) => check.id),
  );
  return [...new Set(ids)].toSorted();
}
