/** How the figures came about: what a reader needs to judge or to repeat them. Pure. */
import { formatMs, formatPercent } from "@gpumedia/api";
import type { Result } from "../result/result.ts";
import { formatBytes } from "../quantities.ts";
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
    ["Ended after", `${formatMs(elapsedSeconds * 1000)}, ${ended} requests, ${formatBytes(bytesReceived)} received`],
    ["Not counted", `${load.warmupRequests} requests before the clock started`],
    ["Deadline", `${formatMs(load.timeoutSeconds * 1000)} for a whole answer`],
    ["Client busy", `${formatPercent(client.eventLoopUtilization * 100)} of the time`],
  ];
  if (client.sendLagMs !== null) {
    const { p99, max } = client.sendLagMs;
    all.push(["Sent late", `p99 ${formatMs(p99)}, at most ${formatMs(max)}, by the client's own fault`]);
  }
  if (client.queued > 0) all.push(["Waited", `${client.queued} requests for a free connection`]);
  if (rejectionLatencyMs !== null) {
    const { p50, p95, max } = rejectionLatencyMs;
    all.push(["Rejected within", `p50 ${formatMs(p50)}, p95 ${formatMs(p95)}, at most ${formatMs(max)}`]);
  }
  return all;
}

function describePicture({ name, format, width, height, bytes }: Result["details"]["pictures"][number]): string {
  return `${name} (${format}, ${width}×${height}, ${formatBytes(bytes)})`;
}
