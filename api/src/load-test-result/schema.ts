/**
 * The result of the load-test client (`--json`, `--termination-message`). Within v1 a field keeps its name, unit and meaning;
 * a field that is added must be optional to readers.
 */
import { Type, type Static, type TNumber, type TProperties, type TSchema } from "typebox";
import type { DeepReadonly } from "../profiles/sourced.ts";
import { amount, oneOf } from "../schema/scalars.ts";
import { loadTestResultVersion } from "./version.ts";

const members = <Members extends TProperties>(properties: Members, description?: string) =>
  Type.Object(properties, description === undefined ? {} : { description });
const text = (description: string) => Type.String({ description });
const texts = (description: string) => Type.Array(Type.String(), { description });
const count = (description: string) => Type.Integer({ description, minimum: 0 });
const nullable = <Value extends TSchema>(description: string, value: Value) =>
  Type.Union([value, Type.Null()], { description });
const amountOrNull = (description: string) => nullable(description, Type.Number({ minimum: 0 }));
const milliseconds = () => Type.Number({ minimum: 0 });
const millisecondsOf = <Name extends string>(...names: readonly Name[]) =>
  members(Object.fromEntries(names.map((name) => [name, milliseconds()])) as Record<Name, TNumber>);

const metric = oneOf(
  ["mean", "p50", "p90", "p95", "p99", "p99.9", "max", "errors", "rejected", "rps"],
  "Metrics in milliseconds, except errors and rejected in percent and rps in accepted responses per second.",
);

const load = members(
  {
    concurrency: count("Connections; in a closed loop, requests in flight; of live video, sessions."),
    requests: amountOrNull("Requests in total; null: the duration ends the run."),
    durationSeconds: amountOrNull("Longest duration; null: the number of requests ends the run."),
    ratePerSecond: amountOrNull("Arrivals per second; null: closed loop."),
    warmupRequests: count("Requests sent before the clock starts; excluded from every figure."),
    timeoutSeconds: amount("Time for a complete response."),
    picturesDigest: text("SHA-256 of the pictures sent, in order."),
  },
  "The load as configured.",
);

const latencies = millisecondsOf("mean", "p50", "p90", "p95", "p99", "p999", "max");

const figures = members({
  requestsPerSecond: amount("Accepted responses per second over the whole run."),
  errorPercent: amount("Failed requests as a share of accepted, rejected and failed."),
  rejectedPercent: amount("Rejected requests (503 with Retry-After) as a share of accepted, rejected and failed."),
  latencyMs: nullable(
    "Accepted requests, from the intended send time to the last byte; null: none was accepted.",
    latencies,
  ),
});

const threshold = members({
  metric,
  limit: amount("In the metric's unit."),
  actual: amountOrNull("Null: the run has no such figure."),
  met: Type.Boolean(),
});

const regression = members({
  against: text("Name of the earlier result."),
  tolerancePercent: amount("How much worse a metric may be than in the earlier result."),
  rows: Type.Array(
    members({
      metric,
      before: amountOrNull("The earlier figure."),
      now: amountOrNull("This run's figure."),
      changePercent: nullable(
        "Change relative to the earlier figure; null: there is nothing to divide by.",
        Type.Number(),
      ),
      worse: Type.Boolean({ description: "Worse by more than the tolerance." }),
    }),
  ),
});

const stage = millisecondsOf("mean", "p50", "p95", "max");

const curve = (description: string) =>
  Type.Array(members({ percentile: Type.Number({ minimum: 0, maximum: 100 }), ms: milliseconds() }), { description });

const details = members(
  {
    pictures: Type.Array(
      members({
        name: text("File name, or `built-in`."),
        format: Type.String(),
        width: count("Pixels."),
        height: count("Pixels."),
        bytes: count("Encoded size."),
      }),
    ),
    bytesReceived: count("Encoded size of all accepted pictures."),
    serviceTimeMs: nullable("Latency from the actual send time, without the wait for a connection.", latencies),
    rejectionLatencyMs: nullable("Latency of the rejected requests.", latencies),
    client: members(
      {
        eventLoopUtilization: Type.Number({ minimum: 0, maximum: 1, description: "A client near 1 measures itself." }),
        sendLagMs: nullable(
          "How late requests were sent although a connection was free; null: closed loop.",
          millisecondsOf("p99", "max"),
        ),
        queued: count("Open loop: requests that waited because every connection was busy."),
      },
      "How much of the figures may be due to the client itself.",
    ),
    curve: curve("Latency by percentile."),
    serviceTimeCurve: curve("Service time by percentile."),
    timeline: Type.Array(
      members({
        second: count("Since the start."),
        accepted: count("Accepted responses."),
        rejected: count("Rejected requests."),
        failed: count("Failed requests."),
        p50Ms: amountOrNull("Of the accepted responses."),
        p95Ms: amountOrNull("Of the accepted responses."),
      }),
      { description: "One row per second, by the second in which the response was complete." },
    ),
  },
  "In the JSON output only.",
);

const about = {
  schema: Type.Literal(loadTestResultVersion),
  reasons: texts("Why the run did not pass, one sentence each; empty if it passed."),
  scenario: oneOf(["baseline", "stress", "endurance", "live", "custom"], "Name of the load."),
  target: text("URL of the endpoint."),
  load,
  startedAt: text("RFC 3339, UTC."),
};

export const measuredResult = members(
  {
    ...about,
    verdict: oneOf(["Passed", "Failed", "Interrupted"], "Interrupted: a signal stopped the run."),
    elapsedSeconds: amount("From the first request to the end of the last."),
    endedBy: oneOf(["requests", "duration", "signal"], "What ended the run."),
    counts: members({
      accepted: count("200 with the expected picture."),
      rejected: count("503 with Retry-After, and frames of live video that were dropped."),
      failed: count("Everything else."),
      abandoned: count("Cut off because the run was interrupted."),
    }),
    figures,
    thresholds: Type.Array(threshold),
    regression: nullable("Null: the run was not compared with an earlier one.", regression),
    warnings: texts("Reasons to doubt the figures."),
    failures: Type.Array(
      members({
        kind: text(
          "timeout, unsent, connect, reset, protocol, too-large, http-<status>, wrong-type, undecodable, wrong-size or other.",
        ),
        count: count("Failures of this kind."),
        example: text("Message of the first one."),
      }),
      { description: "By kind, the most frequent first." },
    ),
    stages: Type.Unsafe<Record<string, Static<typeof stage>>>({
      type: "object",
      additionalProperties: stage,
      description: "Milliseconds, by the names in the server's Server-Timing header.",
    }),
    details: Type.Optional(details),
  },
  "A run with figures.",
);

export const unreachableResult = members(
  { ...about, verdict: Type.Literal("Unreachable") },
  "The target could not be reached, so there are no figures.",
);

export const loadTestResult = Type.Union([measuredResult, unreachableResult], {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Result of gpumedia-loadtest",
  description:
    "Written by --json and --termination-message. Within v1 a field keeps its name, unit and meaning; fields may be added. The termination message has no details, and its failures, stages, warnings, reasons and regression may be shortened to fit 4096 bytes.",
});

export type MeasuredResult = DeepReadonly<Static<typeof measuredResult>>;
export type UnreachableResult = DeepReadonly<Static<typeof unreachableResult>>;
export type LoadTestResult = MeasuredResult | UnreachableResult;
export type LoadTestFigures = MeasuredResult["figures"];
export type LoadTestMetric = Static<typeof metric>;
export type LoadTestRegression = NonNullable<MeasuredResult["regression"]>;
