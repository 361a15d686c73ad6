import assert from "node:assert/strict";
import {
  formatBytes,
  formatMs,
  formatPercent,
  parseCount,
  parseDuration,
  parsePercent,
  parsePositive,
  parseRate,
  significant,
} from "./quantities.ts";

/** Text and what it means; undefined is refused. */
type Cases = readonly (readonly [text: string, value: number | undefined])[];

const readers: Readonly<Record<string, { read: (text: string) => number | undefined; cases: Cases }>> = {
  duration: {
    read: parseDuration,
    cases: [
      ["20ms", 20],
      ["1.5s", 1500],
      ["30m", 1_800_000],
      ["1h", 3_600_000],
      ["500us", 0.5],
      ["0s", 0],
      ["20", undefined],
      ["-1s", undefined],
      ["1 s", undefined],
      ["1.s", undefined],
      ["1m30s", undefined],
      ["", undefined],
      ["ms", undefined],
    ],
  },
  percent: {
    read: parsePercent,
    cases: [
      ["0.1%", 0.1],
      ["100%", 100],
      ["0%", 0],
      ["101%", undefined],
      ["5", undefined],
      ["-5%", undefined],
      ["%", undefined],
    ],
  },
  rate: {
    read: parseRate,
    cases: [
      ["200", 200],
      ["0.5", 0.5],
      ["200/s", 200],
      ["0.001", 0.001],
      ["0.0001", undefined],
      ["0", undefined],
      ["200/m", undefined],
      ["1e3", undefined],
      ["Infinity", undefined],
    ],
  },
  positive: {
    read: parsePositive,
    cases: [
      ["2", 2],
      ["0.25", 0.25],
      ["0", undefined],
      ["-2", undefined],
      ["2x", undefined],
    ],
  },
  count: {
    read: parseCount,
    cases: [
      ["1", 1],
      ["10000", 10_000],
      ["0", undefined],
      ["1.5", undefined],
      ["9007199254740993", undefined],
      ["ten", undefined],
    ],
  },
};

describe("quantities read from the command line", () => {
  for (const [name, { read, cases }] of Object.entries(readers)) {
    for (const [text, value] of cases) {
      it(`${name}: "${text}" is ${value ?? "refused"}`, () => assert.equal(read(text), value));
    }
  }
});

describe("quantities written for people", () => {
  const written: readonly (readonly [got: string, want: string])[] = [
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
    [formatBytes(0), "0 B"],
    [formatBytes(812), "812 B"],
    [formatBytes(58_322), "58.3 kB"],
    [formatBytes(1_204_000_000), "1.2 GB"],
    [formatBytes(5e15), "5000 TB"],
    [formatPercent(12.5), "12.5 %"],
  ];
  for (const [got, want] of written) it(want, () => assert.equal(got, want));
});
