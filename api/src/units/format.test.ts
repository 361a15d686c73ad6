import assert from "node:assert/strict";
import { formatMs, formatPercent, formatRate, significant } from "./format.ts";

describe("figures with their units", () => {
  const written: readonly (readonly [actual: string, expected: string])[] = [
    [significant(0), "0"],
    [significant(1234.5), "1235"],
    [significant(100), "100"],
    [significant(41.94), "41.9"],
    [significant(8.25), "8.25"],
    [significant(8), "8"],
    [significant(0.03125), "0.0313"],
    [significant(0.000_000_1), "0"],
    [significant(-5.256), "-5.26"],
    [formatMs(0), "0 ms"],
    [formatMs(0.512), "0.512 ms"],
    [formatMs(19.99), "20 ms"],
    [formatMs(1500), "1.5 s"],
    [formatMs(119_000), "119 s"],
    [formatMs(1_800_000), "30 min"],
    [formatPercent(12.5), "12.5 %"],
    [formatRate(25.157), "25.2/s"],
  ];
  for (const [actual, expected] of written) it(expected, () => assert.equal(actual, expected));
});
