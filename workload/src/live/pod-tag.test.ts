import assert from "node:assert/strict";
import { podTag, tagOf } from "./pod-tag.ts";

describe("the tag of a pod", () => {
  it("is the same for all forms of its address, and has nothing of it", () => {
    assert.equal(podTag("2001:db8::a"), podTag("2001:0DB8:0:0:0:0:0:a"));
    assert.equal(podTag("10.0.0.7"), podTag("::ffff:10.0.0.7"));
    assert.notEqual(podTag("10.0.0.7"), podTag("10.0.0.8"));
    // Letters and digits alone, as a ufrag must have (RFC 8445, section 5.3).
    assert.match(podTag("10.0.0.7"), /^[0-9a-f]{12}$/);
  });

  const cases = [
    ["a session id", "0123456789ab.x_-Y", "0123456789ab"],
    ["a ufrag", "0123456789ab/c0ffee", "0123456789ab"],
    ["an id without a tag", "x_-Y0123456789abcdefghij", undefined],
    ["an address", "10.0.0.7", undefined],
    ["a tag that is too long", "0123456789abc.x", undefined],
    ["nothing", "", undefined],
  ] as const;
  for (const [what, name, tag] of cases) {
    it(`is read from ${what}`, () => assert.equal(tagOf(name), tag));
  }
});
