/** Fetches the report of one pod, at the cost of at most one connection, 64 KiB and the timeout, even if the pod is malicious. */
import { isIPv6 } from "node:net";
import { Client, errors } from "undici";
import { readReport, type NoReport, type Sample } from "./sample.ts";

export interface ReportSource {
  /** Never rejects. */
  fetch(ip: string): Promise<Sample | NoReport>;
  close(): Promise<void>;
}

export interface ReportSourceOptions {
  /** From the start of the connection to the last byte of the response, so that a slow response cannot extend it. */
  readonly timeoutMs: number;
  /** The port of the processor (guide, FastAPI Performance); a different one in tests. */
  readonly port: number;
}

/** The report of 16 GPUs has 12 KiB. */
export const maxReportBytes = 64 * 1024;

export function createReportSource({ timeoutMs, port }: ReportSourceOptions): ReportSource {
  // One connection per poll: two thousand idle ones would cost more memory than opening them costs time, and a kept one
  // could lead to a different pod that got the address of a deleted one. Redirects are not followed.
  const options: Client.Options = {
    pipelining: 0,
    maxResponseSize: maxReportBytes,
    maxHeaderSize: 8 * 1024,
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: { timeout: timeoutMs },
  };
  const open = new Set<Client>();

  return {
    async fetch(ip) {
      const signal = AbortSignal.timeout(timeoutMs);
      const client = new Client(`http://${isIPv6(ip) ? `[${ip}]` : ip}:${port}`, options);
      open.add(client);
      try {
        const headers = { accept: "application/json" };
        const answer = await client.request({ path: "/utilization", method: "GET", headers, reset: true, signal });
        if (answer.statusCode !== 200) return { problem: `responds with HTTP ${answer.statusCode}` };
        return readReport(await answer.body.text());
      } catch (error) {
        return { problem: signal.aborted ? `does not respond within ${timeoutMs / 1000} s` : failure(error) };
      } finally {
        open.delete(client);
        // Discards the rest of a response that was not read.
        void client.destroy();
      }
    },
    async close() {
      await Promise.all([...open].map((client) => client.destroy()));
    },
  };
}

function failure(error: unknown): string {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  switch (code) {
    case "ECONNREFUSED":
      return "refuses connections";
    case "UND_ERR_RES_EXCEEDED_MAX_SIZE":
      return `sends more than ${maxReportBytes / 1024} KiB`;
    case "UND_ERR_CONNECT_TIMEOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return "cannot be reached; check that no NetworkPolicy blocks the operator";
    default:
      return error instanceof errors.HTTPParserError ? "does not speak HTTP" : "closes the connection";
  }
}
