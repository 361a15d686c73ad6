/**
 * A pod's report by way of the API server, which reaches pods also where the user's machine does not. It takes the right
 * to `get` `pods/proxy`, and a path from the API server to port 8080.
 */
import type { UtilizationReport } from "@gpumedia/api";
import { httpPort } from "../../desired/container.ts";
import { ApiError } from "../../kube/errors.ts";
import type { Transport } from "../../kube/transport.ts";
import { mostReportBytes } from "../../utilization/fetch-report.ts";
import { parseReport, type NoReport } from "../../utilization/sample.ts";

export interface PodAddress {
  readonly namespace: string;
  readonly name: string;
}

/** Never rejects, but for the abort of `signal`. */
export async function askPod(
  transport: Pick<Transport, "stream">,
  { namespace, name }: PodAddress,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<UtilizationReport | NoReport> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const path = `/api/v1/namespaces/${namespace}/pods/${name}:${httpPort}/proxy/utilization`;
  try {
    const answer = await transport.stream({ method: "GET", path, signal: AbortSignal.any([signal, timeout]) });
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of answer) {
      bytes += part.length;
      if (bytes > mostReportBytes) return { problem: `sends more than ${mostReportBytes / 1024} KiB` };
      parts.push(part);
    }
    return parseReport(Buffer.concat(parts).toString());
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) {
      return {
        problem: `no answer within ${timeoutMs / 1000} s: can the API server reach the pod's port ${httpPort}?`,
      };
    }
    if (!(error instanceof ApiError)) throw error;
    return { problem: problemOf(error, namespace) };
  }
}

/** The API server wraps what it met in its own words; what a user can act on comes out of them. */
function problemOf({ status, reason, message }: ApiError, namespace: string): string {
  if (status === 0) return `the connection broke: ${message}`;
  if (reason === "Forbidden" && message.includes("pods/proxy")) {
    return `not allowed to ask it: needs "get" on "pods/proxy" in namespace ${namespace}`;
  }
  const unreachable = /^error trying to reach service: (.*)$/s.exec(message)?.[1];
  if (unreachable === undefined) return `answers ${status}: ${message}`;
  if (unreachable.includes("connection refused")) return "refuses connections";
  return `the API server cannot reach it: ${unreachable}`;
}
