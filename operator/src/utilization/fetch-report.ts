/** Asks one pod for its report. Whatever the pod does, it costs one connection, some kilobytes and a few seconds. */
import { isIPv6 } from "node:net";
import { Client, errors } from "undici";
import { readReport, type NoReport, type Sample } from "./sample.ts";

export interface ReportSource {
  /** Never rejects. */
  fetch(ip: string): Promise<Sample | NoReport>;
  close(): Promise<void>;
}

export interface ReportSourceOptions {
  /** From the first byte of the connection to the last of the answer: a pod that drips cannot stretch it. */
  readonly timeoutMs: number;
  /** Where the processor listens (guide, FastAPI Performance); another one in tests. */
  readonly port: number;
}

/** A report of 16 GPUs has 12 KiB. */
export const mostReportBytes = 64 * 1024;

export function createReportSource({ timeoutMs, port }: ReportSourceOptions): ReportSource {
  // A connection a poll, and nothing kept: two thousand idle ones would cost more memory than making them costs time, and
  // none is left over to a pod that is gone, whose address another may have by now. Redirects are not followed.
  const options: Client.Options = {
    pipelining: 0,
    maxResponseSize: mostReportBytes,
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
        if (answer.statusCode !== 200) return { problem: `answers ${answer.statusCode}` };
        return readReport(await answer.body.text());
      } catch (error) {
        return { problem: signal.aborted ? `does not answer within ${timeoutMs / 1000} s` : failure(error) };
      } finally {
        open.delete(client);
        // Also what is left of an answer that was not read.
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
      return `sends more than ${mostReportBytes / 1024} KiB`;
    case "UND_ERR_CONNECT_TIMEOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return "cannot be reached: does a NetworkPolicy keep the operator out?";
    default:
      return error instanceof errors.HTTPParserError ? "does not speak HTTP" : "breaks the connection";
  }
}
