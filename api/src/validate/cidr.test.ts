import assert from "node:assert/strict";
import { isCidr } from "./cidr.ts";

describe("isCidr", () => {
  const ipv4 = ["10.0.0.0/8", "0.0.0.0/0", "192.168.1.5/32"];
  const ipv6 = ["fd00::/8", "::/0", "2001:db8::1/128", "::ffff:1.2.3.4/96"];
  for (const text of [...ipv4, ...ipv6]) it(`accepts ${text}`, () => assert.ok(isCidr(text)));

  const notAddresses = ["10.0.0/8", "010.0.0.0/8", "10.0.0.256/8", "10/8", "fe80::1%eth0/64", ":::/8", "/8", ""];
  const notPrefixes = ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "fd00::/129", "1.2.3.4/8/8"];
  for (const text of [...notAddresses, ...notPrefixes]) {
    it(`rejects ${JSON.stringify(text)}`, () => assert.ok(!isCidr(text)));
  }
});
