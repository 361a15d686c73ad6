/** Conditions as metav1 defines them: verdicts, and the list of conditions that follows from them and the previous list. */
import type { Condition } from "@gpumedia/api";

/** What a condition's own function decides; the other fields follow from the previous status. */
export interface Verdict<Reason extends string = string> {
  readonly status: Condition["status"];
  readonly reason: Reason;
  /** For people: names the object, the number and the next step. */
  readonly message: string;
}

export function isTrue<Reason extends string>(reason: Reason, message: string): Verdict<Reason> {
  return { status: "True", reason, message };
}

export function isFalse<Reason extends string>(reason: Reason, message: string): Verdict<Reason> {
  return { status: "False", reason, message };
}

export function unknown<Reason extends string>(reason: Reason, message: string): Verdict<Reason> {
  return { status: "Unknown", reason, message };
}

/** The message of a webhook can have any length, and `kubectl describe` shows all of it. */
const longestMessage = 1_024;

/** `verdicts` by type, in the order of the result; undefined ones are left out. */
export function conditions(
  verdicts: Readonly<Record<string, Verdict | undefined>>,
  before: readonly Condition[],
  observedGeneration: number,
  now: string,
): Condition[] {
  return Object.entries(verdicts).flatMap(([type, verdict]) => {
    if (verdict === undefined) return [];
    const previous = before.find((condition) => condition.type === type);
    const lastTransitionTime = previous?.status === verdict.status ? previous.lastTransitionTime : now;
    const { status, reason } = verdict;
    return [{ type, status, reason, message: oneLine(verdict.message), observedGeneration, lastTransitionTime }];
  });
}

function oneLine(message: string): string {
  const line = message.replaceAll(/\s*\n\s*/g, " ").trim();
  return line.length <= longestMessage ? line : `${line.slice(0, longestMessage - 1)}…`;
}
