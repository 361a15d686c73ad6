/**
 * The result as a Kubernetes termination message: JSON of at most 4096 bytes, what the kubelet keeps of the file (API
 * reference, Container.terminationMessagePath). A longer one would be cut in the middle and be no JSON. Pure.
 */
import type { Outline, Result, Unreachable } from "./result.ts";
import type { FailureCount } from "../figures/tally.ts";

const bytesAtMost = 4096;

/** The result without its details and without what does not fit, the least needed first. */
export function terminationMessage(result: Result | Unreachable): string {
  const forms = result.verdict === "Unreachable" ? [result, clipped(result)] : shorterAndShorter(result);
  const texts = forms.map((form) => JSON.stringify(form));
  const { schema, verdict } = result;
  const last = { schema, verdict, reasons: ["the result is too large for a termination message"] };
  return texts.find((text) => Buffer.byteLength(text) <= bytesAtMost) ?? JSON.stringify(last);
}

/** Each form leaves out more than the one before; reasons, figures and thresholds are the last to suffer. */
function shorterAndShorter({ details: _details, ...outline }: Result): Outline[] {
  const fewFailures = { ...outline, failures: clippedFailures(outline.failures, 5, 80) };
  const noStages = { ...fewFailures, stages: {} };
  const noWarnings = { ...noStages, failures: clippedFailures(outline.failures, 3, 0), warnings: [] };
  return [outline, fewFailures, noStages, noWarnings, clipped(noWarnings)];
}

function clipped<T extends Outline | Unreachable>(form: T): T {
  const reasons = form.reasons.slice(0, 4).map((reason) => reason.slice(0, 120));
  return { ...form, reasons, target: form.target.slice(0, 200) };
}

function clippedFailures(failures: readonly FailureCount[], kinds: number, exampleAtMost: number): FailureCount[] {
  return failures
    .slice(0, kinds)
    .map(({ kind, count, example }) => ({ kind, count, example: example.slice(0, exampleAtMost) }));
}
