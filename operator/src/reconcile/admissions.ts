/**
 * What admission has changed in the children of a service, such as a mutating webhook or policy. Remembered, because
 * applying again gives the same result, and kept in the status, because an operator that restarts must not change an object whose policy
 * acts only when it is created. Pure.
 */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { childText, type DesiredChild } from "../desired/children.ts";
import { manifestDigest, type Admitted } from "../kube/ownership.ts";
import type { ChildOutcome } from "./execute.ts";

export interface Admission extends Admitted {
  /** `Deployment upscaler` */
  readonly child: string;
  /** `spec.replicas was changed to 2` */
  readonly fields: readonly string[];
}

/** By `childText`. */
export type Admissions = ReadonlyMap<string, Admission>;

/** The limits of the status. */
const maxFields = 16;
const maxTextLength = 512;

export function admissionsOf({ admission = [] }: Pick<GpuMediaServiceStatus, "admission">): Admissions {
  return new Map(admission.map((one) => [one.child, { fields: [], ...one }]));
}

/** After the outcomes. An entry stays while its child is neither written nor desired to be different. */
export function nextAdmissions(before: Admissions, outcomes: readonly ChildOutcome[]): Admissions {
  const next = new Map(before);
  for (const { child, did, failure, admission } of outcomes) {
    const name = childText(child);
    if (admission !== undefined) next.set(name, admission);
    else if (failure === undefined && (did !== "none" || isOutdated(next.get(name), child))) next.delete(name);
  }
  return next;
}

function isOutdated(known: Admission | undefined, { manifest }: DesiredChild): boolean {
  return manifest === null || known?.sent !== manifestDigest(manifest);
}

/** For the status; undefined when admission changes nothing. */
export function admissionStatus(admissions: Admissions): GpuMediaServiceStatus["admission"] {
  if (admissions.size === 0) return undefined;
  return [...admissions.values()].map(({ child, fields, sent, stored }) => ({
    child,
    fields: shortened(fields),
    sent,
    stored,
  }));
}

function shortened(fields: readonly string[]): string[] {
  const shown = fields.length > maxFields ? fields.slice(0, maxFields - 1) : fields;
  const more = fields.length - shown.length;
  return [...shown.map((text) => text.slice(0, maxTextLength)), ...(more === 0 ? [] : [`and ${more} more`])];
}
