import assert from "node:assert/strict";
import { seededRandom } from "../testing/random.ts";
import { readStun } from "./stun.ts";
import { stunPacket as request } from "./testing/stun-packets.ts";

const header = Buffer.alloc(12).toString("latin1");
const username = 0x0006;
const ours = { kind: "request", transaction: header, ufrag: "ours", nominates: false } as const;

describe("readStun", () => {
  const cases = [
    ["our part of the user name", request([[username, "ours:theirs"]]), ours],
    [
      "a user name after other attributes",
      request([
        [0x8022, "padded"],
        [username, "ours:theirs"],
      ]),
      ours,
    ],
    [
      "a request that selects the way",
      request([
        [username, "ours:theirs"],
        [0x0025, ""],
      ]),
      { ...ours, nominates: true },
    ],
    ["no user name", request([[0x8022, "software"]]), null],
    ["a user name without a colon", request([[username, "ours"]]), null],
    ["an empty part of ours", request([[username, ":theirs"]]), null],
    [
      "a response",
      request([[username, "ours:theirs"]], { type: 0x0101 }),
      { kind: "response", transaction: header, succeeded: true },
    ],
    ["an error", request([], { type: 0x0111 }), { kind: "response", transaction: header, succeeded: false }],
    ["an indication", request([[username, "ours:theirs"]], { type: 0x0011 }), null],
    ["a packet that is cut off", request([[username, "ours:theirs"]]).subarray(0, 26), null],
    ["an empty packet", Buffer.alloc(0), null],
    ["RTP", Buffer.from("8060000100000001000000010000000000000000", "hex"), null],
  ] as const;
  for (const [what, packet, expected] of cases) {
    it(`reads ${what}`, () => assert.deepEqual(readStun(packet), expected));
  }

  it("ends for every packet", () => {
    const random = seededRandom(5);
    for (let run = 0; run < 2000; run++) {
      const packet = request([
        [0x8022, "software"],
        [username, "ours:theirs"],
      ]);
      for (let count = 0; count < 3; count++) packet[Math.floor(random() * packet.length)] = random() * 256;
      readStun(packet.subarray(0, Math.ceil(random() * packet.length)));
    }
  });
});
