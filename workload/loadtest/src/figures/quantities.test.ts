import assert from "node:assert/strict";
import { formatBytes, parseCount, parseDuration, parsePercent, parsePositive, parseRate } from "./quantities.ts";

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
    [formatBytes(0), "0 B"],
    [formatBytes(812), "812 B"],
    [formatBytes(58_322), "58.3 kB"],
    [formatBytes(1_204_000_000), "1.2 GB"],
    [formatBytes(5e15), "5000 TB"],
  ];
  for (const [got, want] of written) it(want, () => assert.equal(got, want));
});
