import assert from "node:assert/strict";
import { isCidr } from "./cidr.ts";

describe("isCidr", () => {
  for (const text of [
    "10.0.0.0/8",
    "0.0.0.0/0",
    "192.168.1.5/32",
    "fd00::/8",
    "::/0",
    "2001:db8::1/128",
    "::ffff:1.2.3.4/96",
  ]) {
    it(`accepts ${text}`, () => assert.ok(isCidr(text)));
  }
  for (const text of [
    "10.0.0.0",
    "10.0.0/8",
    "10.0.0.0/33",
    "010.0.0.0/8",
    "10.0.0.0/08",
    "10.0.0.256/8",
    "10/8",
    "fd00::/129",
    "fe80::1%eth0/64",
    ":::/8",
    "1.2.3.4/8/8",
    "",
    "/8",
  ]) {
    it(`rejects ${JSON.stringify(text)}`, () => assert.ok(!isCidr(text)));
  }
});
