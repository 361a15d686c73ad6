/** How the figures were measured: what a reader needs to judge or repeat them. Pure. */
import { formatMs, formatPercent } from "@gpumedia/api/src/load-test-client.ts";
import type { Result } from "../result/result.ts";
import { formatBytes } from "../figures/quantities.ts";
import { type Markup, html } from "./markup.ts";

export function measuredSection(result: Result): Markup {
  return html`<section>
    <h2>How it was measured</h2>
    <dl class="facts">
      ${facts(result).map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
  </section>`;
}

type Fact = readonly [name: string, value: string];

function facts({ details, load, counts, elapsedSeconds }: Result): Fact[] {
  const { client, pictures, bytesReceived, rejectionLatencyMs } = details;
  const ended = counts.accepted + counts.rejected + counts.failed;
  const all: Fact[] = [
    ["Pictures", pictures.map(describePicture).join(", ")],
    ["Run", `${formatMs(elapsedSeconds * 1000)}, ${ended} requests, ${formatBytes(bytesReceived)} received`],
    ["Warm-up", `${load.warmupRequests} requests, not measured`],
    ["Timeout", `${formatMs(load.timeoutSeconds * 1000)} for a complete response`],
    ["Client busy", `${formatPercent(client.eventLoopUtilization * 100)} of the time`],
  ];
  if (client.sendLagMs !== null) {
    const { p99, max } = client.sendLagMs;
    all.push(["Send lag", `p99 ${formatMs(p99)}, max ${formatMs(max)}, caused by the client`]);
  }
  if (client.queued > 0) all.push(["Queued", `${client.queued} requests waited for a free connection`]);
  if (rejectionLatencyMs !== null) {
    const { p50, p95, max } = rejectionLatencyMs;
    all.push(["Rejection latency", `p50 ${formatMs(p50)}, p95 ${formatMs(p95)}, max ${formatMs(max)}`]);
  }
  return all;
}

function describePicture({ name, format, width, height, bytes }: Result["details"]["pictures"][number]): string {
  return `${name} (${format}, ${width}×${height}, ${formatBytes(bytes)})`;
}
