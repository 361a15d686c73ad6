/** Who writes what in a spec's namespace: neither the operator nor its neighbour may answer the other's writes. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { processorImage, processorImageCpu } from "@gpumedia/operator/src/options/options.ts";
import { writeVerbs, type AuditEvent } from "../cluster/audit.ts";
import { otherVersion } from "../specs/install/other-version.ts";
import type { Workspace } from "../specs/operator/workspace.ts";

export const quietSeconds = Number(process.env.QUIET_SECONDS ?? 60);

/** The writes of a minute without a change, by the operator and by the neighbour's users: see `writesBy`. */
export async function writesOfAQuietMinute(work: Workspace, ...users: readonly string[]) {
  await work.untilQuiet();
  const since = Date.now();
  await delay(quietSeconds * 1000);
  return { ours: ourWrites(work, since), theirs: users.flatMap((user) => writesBy(work, user, since)) };
}

/** The default images have the operator's version, and another image is a rollout. */
async function presentImages(): Promise<readonly string[]> {
  const manifest = await readFile(new URL("../../operator/package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(manifest) as { readonly version: string };
  return [processorImage(version), processorImageCpu(version)].map(
    ({ long, defaultValue }) => `${long}=${defaultValue}`,
  );
}

/**
 * The writes of another version of the operator that replaces the one that runs, until it is quiet. `start` starts an operator, and
 * resolves when it, and all that the spec needs, is back.
 */
export async function writesOfAnUpgrade(
  work: Workspace,
  start: () => Promise<unknown> = () => work.startOperator(),
): Promise<readonly string[]> {
  // Closed with the workspace: the operator may load more of its code later.
  const { program } = work.resources.use(await otherVersion("99.0.0"));
  work.operatorDefaults = { program, parameters: await presentImages() };
  await work.untilQuiet();
  assert.equal(await work.operator.end("SIGTERM"), "exit 0");
  const since = Date.now();
  await start();
  await work.untilQuiet();
  return ourWrites(work, since);
}

/** Those of the operator, without the statuses of its own resource, which has measurements. */
function ourWrites(work: Workspace, since: number): readonly string[] {
  return writesBy(work, work.operatorUser, since).filter((write) => !write.includes(" gpumediaservices/status "));
}

/** `verb resource name` of each write of the user since the time, in ms since 1970. A dry run is none. */
function writesBy({ cluster, namespace }: Workspace, user: string, since: number): readonly string[] {
  const requests = cluster.audit.requests({ user, verb: writeVerbs, namespace, since });
  return requests.filter(({ requestURI }) => !requestURI.includes("dryRun=All")).map(shownWrite);
}

function shownWrite({ verb, objectRef }: AuditEvent): string {
  const { resource = "", subresource, name: object = "" } = objectRef ?? {};
  return `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`} ${object}`;
}
