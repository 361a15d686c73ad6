/**
 * The result as a Kubernetes termination message: JSON of at most 4096 bytes, which is what the kubelet keeps of the file (API
 * reference, Container.terminationMessagePath). It would cut a longer one, and the rest would not be JSON. Pure.
 */
import type { LoadTestResult, MeasuredResult } from "@gpumedia/api/src/load-test-client.ts";
import type { Result, Unreachable } from "./result.ts";

const bytesAtMost = 4096;

/** The result without its details and without what does not fit; the least useful parts are dropped first. */
export function terminationMessage(result: Result | Unreachable): string {
  const forms = result.verdict === "Unreachable" ? [result, clipped(result)] : shorterAndShorter(result);
  const texts = forms.map((form) => JSON.stringify(form));
  const text = texts.find((text) => Buffer.byteLength(text) <= bytesAtMost);
  if (text === undefined) throw new Error("the clipped result exceeds a termination message");
  return text;
}

/** Each form drops more than the one before; figures and thresholds are always kept. */
function shorterAndShorter({ details: _details, ...outline }: Result): MeasuredResult[] {
  const fewFailures = { ...outline, failures: clippedFailures(outline.failures, 5, 80) };
  const noStages = { ...fewFailures, stages: {} };
  const noWarnings = { ...noStages, failures: clippedFailures(outline.failures, 3, 0), warnings: [] };
  // The last resort fits whatever the text: JSON writes a character in at most six bytes.
  const noRegression = { ...noWarnings, regression: null, thresholds: outline.thresholds.slice(0, 10) };
  return [outline, fewFailures, noStages, noWarnings, clipped(noWarnings), clipped(noRegression, 2, 80, 100)];
}

function clipped<Form extends LoadTestResult>(form: Form, reasons = 4, reasonAtMost = 120, targetAtMost = 200): Form {
  return {
    ...form,
    reasons: form.reasons.slice(0, reasons).map((reason) => reason.slice(0, reasonAtMost)),
    target: form.target.slice(0, targetAtMost),
  };
}

function clippedFailures(failures: Result["failures"], kinds: number, exampleAtMost: number): Result["failures"] {
  return failures
    .slice(0, kinds)
    .map(({ kind, count, example }) => ({ kind, count, example: example.slice(0, exampleAtMost) }));
}
