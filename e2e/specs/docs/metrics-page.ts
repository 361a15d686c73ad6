/** docs/metrics.md lists every metric that a program serves, with its type, and no other. */
import assert from "node:assert/strict";
import { request } from "undici";
import { readPage } from "../../docs/pages.ts";

/** `section` of the page; the section "Both" is added to it. */
export async function assertMetricsListed(url: string, section: "Operator" | "Processor"): Promise<void> {
  const text = await (await request(`${url}/metrics`)).body.text();
  const served = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = "", type = ""]) => `${name} ${type}`);
  assert.ok(served.length > 30, text);
  assert.deepEqual([...rowsOf(section), ...rowsOf("Both")].toSorted(), served.toSorted());
}

function rowsOf(section: string): readonly string[] {
  const chapter =
    readPage("docs/metrics.md")
      .split(/^## /m)
      .find((text) => text.startsWith(`${section}\n`)) ?? "";
  return [...chapter.matchAll(/^\| `(\w+)` +\| (\w+)/gm)].map(([, name = "", type = ""]) => `${name} ${type}`);
}
