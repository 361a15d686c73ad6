/** GpuMediaLoadTest: one run of a load scenario against a service, and its result. */
import { Type } from "typebox";
import {
  amount,
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
import { loadTestResources } from "./spec/workload.ts";
import { condition, observedGeneration } from "./status.ts";

const percent = (description: string) => Type.Number({ description, minimum: 0, maximum: 100 });

const loadTestRules: readonly CelRule[] = [
  { rule: "self == oldSelf", message: "the spec is immutable, as a load test runs once: create another load test" },
  {
    rule: "!has(self.scenario) || self.scenario != 'custom' || has(self.requests) || has(self.duration)",
    message: "scenario custom is unlimited: set requests or duration",
    fieldPath: ".requests",
  },
  {
    rule: "!has(self.scenario) || self.scenario != 'live' || !(has(self.requests) || has(self.concurrency))",
    message: "scenario live is limited by duration and sessions: remove requests and concurrency",
    fieldPath: ".scenario",
  },
  {
    rule: "(has(self.scenario) && self.scenario == 'live') || !(has(self.sessions) || has(self.framesPerSecond))",
    message: "sessions and framesPerSecond require scenario live",
    fieldPath: ".scenario",
  },
];

export const loadTestSpec = object(
  { description: "The load to send and the thresholds to meet. Immutable.", rules: loadTestRules },
  {
    serviceRef: object(
      { description: "The GpuMediaService to test, in the same namespace." },
      { name: labelName("Name of the GpuMediaService.") },
    ),
    scenario: Type.Optional(
      oneOf(
        ["baseline", "stress", "endurance", "live", "custom"],
        "The load scenario. baseline sends 100 requests, 10 at a time; stress 1000 requests, 50 at a time; endurance 10000 requests, 20 at a time, for at most 30 minutes; live sends video by WebRTC, of which a frame is a request, for 30 seconds. Defaults to baseline.",
      ),
    ),
    requests: Type.Optional(wholeNumber("Number of requests. Defaults to that of the scenario.", 1, 10_000_000)),
    concurrency: Type.Optional(
      wholeNumber("Number of concurrent requests. Defaults to that of the scenario.", 1, 10_000),
    ),
    sessions: Type.Optional(wholeNumber("Number of sessions of scenario live. Defaults to 4.", 1, 1_000)),
    framesPerSecond: Type.Optional(
      wholeNumber("Frames per second of each session of scenario live. Defaults to 30.", 1, 120),
    ),
    duration: Type.Optional(positiveSeconds("How long requests are sent. Defaults to that of the scenario.")),
    timeout: Type.Optional(duration("How long to wait for a complete response. Defaults to 30s.")),
    thresholds: Type.Optional(
      settings(
        { description: "The thresholds that the run must meet." },
        {
          latencyP95: duration("Maximum 95th percentile of latency. Defaults to the service's slo.latencyP95."),
          errorPercent: percent("Maximum share of failed requests, in percent. Defaults to 0."),
          rejectedPercent: percent(
            "Maximum share of requests rejected with status 503, or of frames dropped, in percent. Defaults to 0.",
          ),
          requestsPerSecond: amount("Minimum rate of accepted requests, per second. Defaults to no threshold."),
        },
      ),
    ),
    regression: Type.Optional(
      object(
        { description: "Fails the run if it is worse than an earlier run under the same load." },
        {
          against: objectName("Name of the earlier GpuMediaLoadTest, in the same namespace."),
          tolerancePercent: Type.Optional(percent("How much worse a figure may be, in percent. Defaults to 10.")),
        },
      ),
    ),
    image: Type.Optional(
      Type.String({
        description: "Image of the load-test client. Defaults to the service's image.",
        minLength: 1,
        maxLength: 1_024,
        pattern: "^\\S+$",
      }),
    ),
    resources: Type.Optional(loadTestResources),
    ttlAfterFinished: Type.Optional(
      seconds("How long after its completion the load test is deleted. Defaults to never."),
    ),
  },
);

const figures = settings(
  { description: "The measured figures." },
  {
    requests: wholeNumber("Number of completed requests.", 0, Number.MAX_SAFE_INTEGER),
    requestsPerSecond: amount("Rate of accepted requests, per second."),
    errorPercent: amount("Share of failed requests, in percent."),
    rejectedPercent: amount("Share of requests rejected with status 503, or of frames dropped, in percent."),
    latencyP50Milliseconds: amount("Median latency of accepted requests, in milliseconds."),
    latencyP95Milliseconds: amount("95th percentile of latency, in milliseconds."),
    latencyP99Milliseconds: amount("99th percentile of latency, in milliseconds."),
    elapsedSeconds: amount("Duration of the run, in seconds."),
  },
);

export const loadTestStatus = settings(
  { description: "Observed state of the load test." },
  {
    observedGeneration,
    conditions: list(
      { keys: ["type"] },
      { description: "The latest observations of the load test's state." },
      condition,
    ),
    verdict: oneOf(
      ["Passed", "Failed", "Error"],
      "Whether the run met its thresholds. Error means that there are no figures.",
    ),
    reasons: list(
      "atomic",
      { description: "Why the run did not pass, one sentence each." },
      Type.String({ maxLength: 1_024 }),
    ),
    figures,
    summary: settings(
      { description: "The printer columns of kubectl get." },
      {
        scenario: text("The load scenario.", 32),
        latencyP95: text("95th percentile of latency.", 32),
        requestsPerSecond: text("Rate of accepted requests, per second.", 32),
        errors: text("Share of failed requests.", 32),
      },
    ),
    job: text("Name of the Job that ran the test.", 253),
    serviceGeneration: wholeNumber("Generation of the service that was tested.", 0, 2_147_483_647),
    load: text("The load that was sent, by which runs are compared.", 1_024),
    startTime: Type.String({ description: "When the run started.", format: "date-time" }),
    completionTime: Type.String({ description: "When the run completed.", format: "date-time" }),
  },
);
