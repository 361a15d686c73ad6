/**
 * `make test-versions`: the end-to-end specs on each Kubernetes version but the default one, which `make test` runs, or on the one in
 * GPUMEDIA_KUBERNETES; one version after another. The last lines are the totals of each version. Exit status 1 if anything failed.
 */
import { globSync } from "node:fs";
import {
  defaultKubernetesVersion,
  kubernetesVersion,
  kubernetesVersions,
  type KubernetesVersion,
} from "../e2e/cluster/kubernetes-version.ts";
import { buildControlPlane, mocha, root, runJob, showFailures, type Job, type Result } from "./job.ts";
import { specGroups } from "./spec-groups.ts";
import { formatTotals, sum } from "./totals.ts";

/** Of the machine and of this version's programs, not of the cluster's version. */
const elsewhere = ["real", "docs"];
const atATime = 2;

function jobs(): readonly Job[] {
  const files = globSync("e2e/specs/**/*.spec.ts", { cwd: root });
  return specGroups(files.filter((file) => !elsewhere.some((name) => file.startsWith(`e2e/specs/${name}/`)))).map(
    ({ name, files: specs }) => ({ name, command: [...mocha, ...specs] }),
  );
}

async function test(version: KubernetesVersion): Promise<readonly Result[]> {
  const env = { GPUMEDIA_KUBERNETES: version };
  // The specs report a failure again, with its reason.
  await buildControlPlane(env);
  const left = jobs().map((job) => ({ ...job, name: `${version} ${job.name}` }));
  const width = Math.max(...left.map(({ name }) => name.length));
  const results: Result[] = [];
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (let job = left.shift(); job !== undefined; job = left.shift()) results.push(await runJob(job, width, env));
    }),
  );
  showFailures(results, `GPUMEDIA_KUBERNETES=${version} `);
  return results;
}

const isChosen = (process.env.GPUMEDIA_KUBERNETES ?? "") !== "";
const versions = isChosen
  ? [kubernetesVersion()]
  : kubernetesVersions.filter((version) => version !== defaultKubernetesVersion);
const today = new Date().toISOString().slice(0, 10);
const lines: string[] = [];
for (const version of versions) {
  const totals = sum((await test(version)).map((result) => result.totals));
  if (totals.failed > 0) process.exitCode = 1;
  lines.push(`Kubernetes ${version}, ${today}: ${formatTotals(totals)}`);
}
process.stdout.write(`${lines.join("\n")}\n`);
