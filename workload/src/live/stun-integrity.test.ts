import assert from "node:assert/strict";
import { isAuthentic } from "./stun-integrity.ts";
import { bindingRequest, bindingResponse } from "./testing/stun-packets.ts";

/**
 * RFC 5769, section 2.1: a request of the user `evtj:h6vY` with the password below, with attributes after its integrity and padding of
 * spaces.
 */
const sample = Buffer.from(
  [
    "00010058 2112a442 b7e7a701 bc34d686 fa87dfae",
    "80220010 5354554e 20746573 7420636c 69656e74",
    "00240004 6e0001ff 80290008 932ff9b1 51263b36",
    "00060009 6576746a 3a683676 59202020",
    "00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2",
    "80280004 e57a3bcf",
  ]
    .join("")
    .replaceAll(" ", ""),
  "hex",
);
const password = "VOkJxbRl1RmTxUk/WvJxBt";
const passwordOf = (ufrag: string) => (ufrag === "evtj" ? password : undefined);

describe("the integrity of a STUN request", () => {
  it("is that of the sample in RFC 5769", () => assert.ok(isAuthentic(sample, passwordOf)));

  const wrong = [
    ["of another password", sample, () => "another"],
    ["of a ufrag that we did not give out", sample, () => undefined],
    ["of a changed packet", Buffer.from(sample).fill(7, 24, 25), passwordOf],
    ["that is cut off", sample.subarray(0, 90), passwordOf],
    ["that is missing", bindingRequest("evtj"), passwordOf],
    ["without a user name", Buffer.from("000100002112a442000000000000000000000000", "hex"), passwordOf],
  ] as const;
  for (const [what, packet, its] of wrong) {
    it(`is refused if it is one ${what}`, () => assert.ok(!isAuthentic(packet, its)));
  }

  it("is not asked of other packets", () => {
    for (const packet of [
      bindingResponse(bindingRequest("x"), true),
      Buffer.from("80600001", "hex"),
      Buffer.alloc(0),
    ]) {
      assert.ok(isAuthentic(packet, () => undefined));
    }
  });
});
