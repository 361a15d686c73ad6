import assert from "node:assert/strict";
import { canonicalQuantities } from "./canonical-quantity.sample.ts";
import { canonicalQuantity } from "./canonical-quantity.ts";

describe("canonical quantity", () => {
  for (const [written, stored] of Object.entries(canonicalQuantities)) {
    it(`of ${written} is ${stored}`, () => assert.equal(canonicalQuantity(written), stored));
    it(`of ${stored} is itself`, () => assert.equal(canonicalQuantity(stored), stored));
  }

  it("returns text that is not a quantity unchanged, for the API server to reject", () =>
    assert.equal(canonicalQuantity("many"), "many"));
});
