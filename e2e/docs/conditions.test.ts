/** docs/conditions.md lists the reasons of each condition, with their meanings, in the order of the operator's tables. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { loadTestReasons } from "@gpumedia/operator/src/loadtest/status.ts";
import { conditionReasons, profileReasons } from "@gpumedia/operator/src/status/reasons.ts";

const page = async (name: string): Promise<string> =>
  readFile(new URL(`../../docs/${name}.md`, import.meta.url), "utf8");

describe("docs/conditions.md", () => {
  for (const [type, reasons] of Object.entries({ ...conditionReasons, GpuMediaProfile: profileReasons })) {
    it(`lists the reasons of ${type}`, async () => {
      const [, section = ""] = (await page("conditions")).split(new RegExp(`^## ${type}$`, "m"));
      const [table = ""] = section.split(/^## /m);
      const rows = [...table.matchAll(/^\| `(\w+)` *\| (.*?) *\|/gm)].map(([, reason, meaning]) => [reason, meaning]);
      assert.deepEqual(rows, Object.entries(reasons));
    });
  }
});

describe("docs/load-test-kind.md", () => {
  it("lists the reasons of a load test", async () => {
    const rows = [...(await page("load-test-kind")).matchAll(/^\|[^|]*\| `(\w+)` *\| (.*?) *\|/gm)];
    assert.deepEqual(Object.fromEntries(rows.map(([, reason, meaning]) => [reason, meaning])), loadTestReasons);
  });
});
