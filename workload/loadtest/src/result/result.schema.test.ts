/** The published schema against results as they are written. */
import assert from "node:assert/strict";
import { loadTestResult } from "@gpumedia/api";
import { Ajv } from "ajv";
import { Tally } from "../figures/tally.ts";
import { facts, failed, load, passed, unreachable } from "../testing/results.ts";
import { summarise } from "./summarise.ts";
import { terminationMessage } from "./termination-message.ts";

const validate = new Ajv({ strictTypes: false, allErrors: true }).compile(loadTestResult);

/** Every property that an object holds, as `/path/of/it`; members of lists and free maps count once. */
function paths(value: unknown, at = ""): string[] {
  if (Array.isArray(value)) return value.slice(0, 1).flatMap((one) => paths(one, `${at}/0`));
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, one]) => paths(one, `${at}/${key}`))];
}

describe("the schema of the result", () => {
  const opened = failed({ load: { ...load, ratePerSecond: 25, requests: null, durationSeconds: 4 } });
  const results = [
    { name: "passed", result: passed() },
    { name: "failed", result: opened },
    { name: "interrupted with nothing", result: summarise(new Tally(), { ...facts, endedBy: "signal" }) },
    { name: "unreachable", result: unreachable },
  ];
  for (const { name, result } of results) {
    it(`holds for a run that ${name}, in full and as termination message`, () => {
      for (const text of [JSON.stringify(result), terminationMessage(result)]) {
        assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
      }
    });
  }

  it("requires every property except details", () => {
    // Stages and their number are the server's; everything else that is written is promised.
    const written = paths(opened).filter((path) => path !== "" && !/^\/stages\/|\/0$/.test(path));
    const optional = written.filter((path) => {
      const copy = structuredClone(opened) as object;
      const keys = path.slice(1).split("/");
      const last = keys.pop() ?? "";
      const parent = keys.reduce<Record<string, unknown>>(
        (object, key) => object[key] as Record<string, unknown>,
        copy as Record<string, unknown>,
      );
      delete parent[last];
      return validate(copy);
    });
    assert.deepEqual(optional, ["/details"]);
  });
});
