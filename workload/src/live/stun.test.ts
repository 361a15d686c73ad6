import assert from "node:assert/strict";
import { seededRandom } from "../testing/random.ts";
import { ufragOf } from "./stun.ts";

/** `attributes`: type and value. */
function request(attributes: readonly (readonly [type: number, value: string])[], type = 1): Buffer {
  const body = attributes.map(([attribute, value]) => {
    const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
    bytes.writeUInt16BE(attribute, 0);
    bytes.writeUInt16BE(value.length, 2);
    bytes.write(value, 4, "latin1");
    return bytes;
  });
  const header = Buffer.alloc(20);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(Buffer.concat(body).length, 2);
  header.writeUInt32BE(0x21_12_a4_42, 4);
  return Buffer.concat([header, ...body]);
}

describe("ufragOf", () => {
  const username = 0x0006;
  const cases = [
    ["our part of the user name", request([[username, "ours:theirs"]]), "ours"],
    [
      "a user name after other attributes",
      request([
        [0x8022, "padded"],
        [username, "ours:theirs"],
      ]),
      "ours",
    ],
    ["no user name", request([[0x8022, "software"]]), null],
    ["a user name without a colon", request([[username, "ours"]]), null],
    ["an empty part of ours", request([[username, ":theirs"]]), null],
    ["a response", request([[username, "ours:theirs"]], 0x0101), null],
    ["a packet that is cut off", request([[username, "ours:theirs"]]).subarray(0, 26), null],
    ["an empty packet", Buffer.alloc(0), null],
    ["RTP", Buffer.from("8060000100000001000000010000000000000000", "hex"), null],
  ] as const;
  for (const [what, packet, expected] of cases) {
    it(`of ${what} is ${expected === null ? "none" : "that"}`, () => assert.equal(ufragOf(packet), expected));
  }

  it("ends for every packet", () => {
    const random = seededRandom(5);
    for (let run = 0; run < 2000; run++) {
      const packet = request([
        [0x8022, "software"],
        [username, "ours:theirs"],
      ]);
      for (let count = 0; count < 3; count++) packet[Math.floor(random() * packet.length)] = random() * 256;
      ufragOf(packet.subarray(0, Math.ceil(random() * packet.length)));
    }
  });
});
