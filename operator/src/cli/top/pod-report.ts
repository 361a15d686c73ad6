/**
 * Fetches a pod's report through the API server, as the user's machine may not reach pods. Requires `get` on `pods/proxy`
 * and a path from the API server to port 8080.
 */
import type { UtilizationReport } from "@gpumedia/api";
import { httpPort } from "../../desired/container.ts";
import { ApiError } from "../../kube/errors.ts";
import type { Transport } from "../../kube/transport.ts";
import { maxReportBytes } from "../../utilization/fetch-report.ts";
import { parseReport, type NoReport } from "../../utilization/sample.ts";

export interface PodAddress {
  readonly namespace: string;
  readonly name: string;
}

/** Rejects only when `signal` aborts. */
export async function fetchPodReport(
  transport: Pick<Transport, "stream">,
  { namespace, name }: PodAddress,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<UtilizationReport | NoReport> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const path = `/api/v1/namespaces/${namespace}/pods/${name}:${httpPort}/proxy/utilization`;
  try {
    const body = await transport.stream({ method: "GET", path, signal: AbortSignal.any([signal, timeout]) });
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of body) {
      bytes += part.length;
      if (bytes > maxReportBytes) return { problem: `sends more than ${maxReportBytes / 1024} KiB` };
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

/** Extracts the cause that a user can act on from the API server's message. */
function problemOf({ status, reason, message }: ApiError, namespace: string): string {
  if (status === 0) return `connection failed: ${message}`;
  if (reason === "Forbidden" && message.includes("pods/proxy")) {
    return `forbidden: requires "get" on "pods/proxy" in namespace ${namespace}`;
  }
  const unreachable = /^error trying to reach service: (.*)$/s.exec(message)?.[1];
  if (unreachable === undefined) return `responds with ${status}: ${message}`;
  if (unreachable.includes("connection refused")) return "refuses connections";
  return `the API server cannot reach it: ${unreachable}`;
}
