import assert from "node:assert/strict";
import * as fc from "fast-check";
import { fitNote } from "./events-note.ts";

describe("fitNote", () => {
  const cases: Readonly<Record<string, { note: string; bytes: number; fitted: string }>> = {
    "keeps a note that fits": { note: "applied", bytes: 7, fitted: "applied" },
    "keeps the start and the end": {
      note: "upscaler: 0123456789 refused",
      bytes: 20,
      fitted: "upscale … refused",
    },
    "cuts between characters": { note: "ääääääää", bytes: 12, fitted: "ä … ä" },
    "cuts between surrogate pairs": { note: "🎞🎞🎞🎞", bytes: 14, fitted: "🎞 … 🎞" },
  };
  for (const [what, { note, bytes, fitted }] of Object.entries(cases)) {
    it(what, () => assert.equal(fitNote(note, bytes), fitted));
  }

  it("never exceeds the API server's limit, and uses nearly all of it", () => {
    const long = fc.string({ minLength: 1_025, maxLength: 3_000, size: "max", unit: "grapheme" });
    fc.assert(
      fc.property(long, (note) => {
        const fitted = fitNote(note);
        const bytes = Buffer.byteLength(fitted);
        assert.ok(bytes <= 1_024 && bytes >= 1_015, `${bytes} bytes`);
        assert.ok(fitted.isWellFormed());
      }),
      { numRuns: 50 },
    );
  });
});
