import assert from "node:assert/strict";
import { durationMs, durationSeconds, nginxSizeBytes, quantityValue } from "./parse.ts";

const tables: readonly (readonly [name: string, read: (text: string) => number, Readonly<Record<string, number>>])[] = [
  [
    "milliseconds of a duration",
    durationMs,
    { "20ms": 20, "1.5s": 1_500, "1m30s": 90_000, "2h": 7_200_000, "5": Number.NaN, "": Number.NaN, "1s2": Number.NaN },
  ],
  ["whole seconds of a duration", durationSeconds, { "300s": 300, "500ms": 1, "0s": 0, "1m0.5s": 61 }],
  [
    "a quantity",
    quantityValue,
    {
      "0.1": 0.1,
      "500m": 0.5,
      "1e3": 1_000,
      "1E-1": 0.1,
      "2k": 2_000,
      "4Gi": 4 * 1024 ** 3,
      "1Ki": 1024,
      ".5": 0.5,
      "+1.": 1,
      "1E": 1e18,
      "-1": Number.NaN,
      "4gi": Number.NaN,
      "1mi": Number.NaN,
      x: Number.NaN,
    },
  ],
  [
    "nginx's size",
    nginxSizeBytes,
    { "10m": 10 * 1024 ** 2, "1K": 1024, "2g": 2 * 1024 ** 3, "0": 0, "100": 100, "1t": Number.NaN },
  ],
];

for (const [name, read, cases] of tables) {
  describe(name, () => {
    for (const [text, value] of Object.entries(cases)) {
      it(`"${text}" is ${value}`, () => assert.equal(read(text), value));
    }
  });
}
