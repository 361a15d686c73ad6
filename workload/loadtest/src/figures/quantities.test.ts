import assert from "node:assert/strict";
import { formatBytes, parseCount, parseDuration, parsePercent, parsePositive, parseRate } from "./quantities.ts";

interface Reader {
  readonly read: (text: string) => number | undefined;
  readonly accepts: Readonly<Record<string, number>>;
  readonly rejects: readonly string[];
}

const readers: Readonly<Record<string, Reader>> = {
  duration: {
    read: parseDuration,
    accepts: { "20ms": 20, "1.5s": 1500, "30m": 1_800_000, "1h": 3_600_000, "500us": 0.5, "0s": 0 },
    rejects: ["20", "-1s", "1 s", "1.s", "1m30s", "", "ms"],
  },
  percent: {
    read: parsePercent,
    accepts: { "0.1%": 0.1, "100%": 100, "0%": 0 },
    rejects: ["101%", "5", "-5%", "%"],
  },
  rate: {
    read: parseRate,
    accepts: { "200": 200, "0.5": 0.5, "200/s": 200, "0.001": 0.001 },
    rejects: ["0.0001", "0", "200/m", "1e3", "Infinity"],
  },
  positive: { read: parsePositive, accepts: { "2": 2, "0.25": 0.25 }, rejects: ["0", "-2", "2x"] },
  count: {
    read: parseCount,
    accepts: { "1": 1, "10000": 10_000 },
    rejects: ["0", "1.5", "9007199254740993", "ten"],
  },
};

describe("quantities read from the command line", () => {
  for (const [name, { read, accepts, rejects }] of Object.entries(readers)) {
    for (const [text, value] of Object.entries(accepts)) {
      it(`${name}: "${text}" is ${value}`, () => assert.equal(read(text), value));
    }
    for (const text of rejects) it(`${name}: "${text}" is rejected`, () => assert.equal(read(text), undefined));
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
