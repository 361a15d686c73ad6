/** GpuMediaLoadTest: one run of the guide's load scenarios against a service, and what came of it. */
import { Type } from "typebox";
import {
  duration,
  labelName,
  list,
  object,
  objectName,
  oneOf,
  positiveSeconds,
  seconds,
  settings,
  text,
  wholeNumber,
  type CelRule,
} from "./scalars.ts";
import { condition, observedGeneration } from "./status.ts";

const percent = (description: string) => Type.Number({ description, minimum: 0, maximum: 100 });
const amount = (description: string) => Type.Number({ description, minimum: 0 });

const loadTestRules: readonly CelRule[] = [
  { rule: "self == oldSelf", message: "a load test runs once: make another one under another name" },
  {
    rule: "!has(self.scenario) || self.scenario != 'custom' || has(self.requests) || has(self.duration)",
    message: "scenario custom has no end of its own: set requests or duration",
    fieldPath: ".requests",
  },
];

export const loadTestSpec = object(
  { description: "What is run, and what it is held against. It cannot be changed.", rules: loadTestRules },
  {
    serviceRef: object(
      { description: "The GpuMediaService, in the same namespace." },
      { name: labelName("Its name.") },
    ),
    scenario: Type.Optional(
      oneOf(
        ["baseline", "stress", "endurance", "custom"],
        "The guide's: baseline 100 requests, 10 at a time; stress 1000, 50; endurance 10000, 20, for 30 minutes at most. Default: baseline.",
      ),
    ),
    requests: Type.Optional(wholeNumber("Requests in all. Default: the scenario's.", 1, 10_000_000)),
    concurrency: Type.Optional(wholeNumber("Requests at a time. Default: the scenario's.", 1, 10_000)),
    duration: Type.Optional(positiveSeconds("Sends for so long. Default: the scenario's.")),
    timeout: Type.Optional(duration("For a whole answer. Default: 30s.")),
    thresholds: Type.Optional(
      settings(
        { description: "What the run must reach." },
        {
          latencyP95: duration("95 of 100 requests are faster. Default: the service's slo.latencyP95."),
          errorPercent: percent("The most failed requests, in %. Default: 0."),
          rejectedPercent: percent("The most requests that are answered 503, in %. Default: 0."),
          requestsPerSecond: amount("The least that are accepted in a second. Absent: not judged."),
        },
      ),
    ),
    regression: Type.Optional(
      object(
        { description: "Fails the run when it is worse than an earlier one under the same load." },
        {
          against: objectName("The earlier GpuMediaLoadTest, in the same namespace."),
          tolerancePercent: Type.Optional(percent("How much worse is still as good. Default: 10.")),
        },
      ),
    ),
    image: Type.Optional(
      Type.String({
        description: "The image that runs it. Default: the service's.",
        minLength: 1,
        maxLength: 1_024,
        pattern: "^\\S+$",
      }),
    ),
    ttlAfterFinished: Type.Optional(seconds("The test is deleted so long after its end. Absent: it stays.")),
  },
);

const figures = settings(
  { description: "What was measured." },
  {
    requests: wholeNumber("Requests that came to an end.", 0, Number.MAX_SAFE_INTEGER),
    requestsPerSecond: amount("Accepted in a second."),
    errorPercent: amount("Failed, in %."),
    rejectedPercent: amount("Answered 503, in %."),
    latencyP50Milliseconds: amount("Half of the accepted requests were faster."),
    latencyP95Milliseconds: amount("95 of 100 were faster."),
    latencyP99Milliseconds: amount("99 of 100 were faster."),
    elapsedSeconds: amount("How long it took."),
  },
);

export const loadTestStatus = settings(
  { description: "What the operator says about the load test." },
  {
    observedGeneration,
    conditions: list({ keys: ["type"] }, { description: "What holds and what does not." }, condition),
    verdict: oneOf(["Passed", "Failed", "Error"], "Error: there are no figures to judge."),
    reasons: list(
      "atomic",
      { description: "Why it is not passed, a sentence each." },
      Type.String({ maxLength: 1_024 }),
    ),
    figures,
    summary: settings(
      { description: "What kubectl get shows." },
      {
        scenario: text("What was run.", 32),
        latencyP95: text("95th percentile of latency.", 32),
        requestsPerSecond: text("Accepted in a second.", 32),
        errors: text("Failed requests.", 32),
      },
    ),
    job: text("The Job that ran it.", 253),
    serviceGeneration: wholeNumber("The generation of the service that was tested.", 0, 2_147_483_647),
    load: text("What was sent, for comparisons.", 1_024),
    startTime: Type.String({ description: "When the run began.", format: "date-time" }),
    completionTime: Type.String({ description: "When the result was known.", format: "date-time" }),
  },
);
