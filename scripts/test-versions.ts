/**
 * `make test-versions`: the end-to-end specs on each Kubernetes version but the default one, which `make test` runs, or on the one in
 * GPUMEDIA_KUBERNETES; one version after another. Each version ends with its failures and the command that repeats each; the last lines
 * are the report of all. Exit status 1 if anything failed.
 */
import { globSync } from "node:fs";
import {
  defaultKubernetesVersion,
  kubernetesVersion,
  kubernetesVersions,
  type KubernetesVersion,
} from "../e2e/cluster/kubernetes-version.ts";
import { readFamily } from "../e2e/cluster/tools-families.ts";
import { buildControlPlane, mocha, root, runJob, showFailures, type Job, type Result } from "./job.ts";
import { specGroups } from "./spec-groups.ts";
import { versionReport, type VersionRun } from "./version-report.ts";

/** Of the machine and of this version's programs, not of the cluster's version. */
const elsewhere = ["real", "docs"];
const atATime = 2;

function jobs(): readonly Job[] {
  const files = globSync("e2e/specs/**/*.spec.ts", { cwd: root });
  return specGroups(files.filter((file) => !elsewhere.some((name) => file.startsWith(`e2e/specs/${name}/`)))).map(
    ({ name, files: specs }) => ({ name, command: [...mocha, ...specs] }),
  );
}

async function test(minor: KubernetesVersion): Promise<VersionRun> {
  const env = { GPUMEDIA_KUBERNETES: minor };
  // The specs report a failure again, with its reason. The time of the build is not part of the run's.
  await buildControlPlane(env);
  const startedAt = Date.now();
  const left = [...jobs()];
  const width = Math.max(...left.map(({ name }) => `${minor} ${name}`.length));
  const results: Result[] = [];
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (let job = left.shift(); job !== undefined; job = left.shift()) {
        const { name } = job;
        results.push({ ...(await runJob({ ...job, name: `${minor} ${name}` }, width, env)), name });
      }
    }),
  );
  showFailures(results, `GPUMEDIA_KUBERNETES=${minor} `);
  const { version } = await readFamily("kubernetes", minor);
  return {
    version: version.slice(1),
    date: new Date(startedAt).toISOString().slice(0, 10),
    seconds: (Date.now() - startedAt) / 1000,
    results,
  };
}

const isChosen = (process.env.GPUMEDIA_KUBERNETES ?? "") !== "";
const versions = isChosen
  ? [kubernetesVersion()]
  : kubernetesVersions.filter((version) => version !== defaultKubernetesVersion);
const runs: VersionRun[] = [];
for (const version of versions) runs.push(await test(version));
if (runs.some(({ results }) => results.some(({ totals }) => totals.failed > 0))) process.exitCode = 1;
process.stdout.write(`\n${versionReport(runs)}`);
