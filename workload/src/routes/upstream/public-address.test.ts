import assert from "node:assert/strict";
import { isAllowedAddress, parseNetworks } from "./public-address.ts";

describe("addresses that pictures may come from", () => {
  const cases: readonly { readonly address: string; readonly what: string; readonly allowed: boolean }[] = [
    { address: "8.8.8.8", what: "public", allowed: true },
    { address: "2606:4700::1111", what: "public IPv6", allowed: true },
    { address: "127.0.0.1", what: "loopback", allowed: false },
    { address: "127.255.255.254", what: "loopback's far end", allowed: false },
    { address: "::1", what: "loopback IPv6", allowed: false },
    { address: "0.0.0.0", what: "this host", allowed: false },
    { address: "0.1.2.3", what: "this network", allowed: false },
    { address: "::", what: "unspecified IPv6", allowed: false },
    { address: "10.96.0.1", what: "a Service of a cluster", allowed: false },
    { address: "172.16.0.1", what: "private", allowed: false },
    { address: "172.32.0.1", what: "just outside of private", allowed: true },
    { address: "192.168.1.1", what: "private", allowed: false },
    { address: "100.64.0.1", what: "carrier-grade NAT", allowed: false },
    { address: "100.100.100.200", what: "Alibaba Cloud's metadata", allowed: false },
    { address: "169.254.169.254", what: "metadata", allowed: false },
    { address: "fd00:ec2::254", what: "metadata IPv6", allowed: false },
    { address: "168.63.129.16", what: "Azure's host service", allowed: false },
    { address: "192.0.0.192", what: "Oracle Cloud's metadata", allowed: false },
    { address: "fe80::1", what: "link-local IPv6", allowed: false },
    { address: "fec0::1", what: "site-local IPv6", allowed: false },
    { address: "fc00::1", what: "unique local IPv6", allowed: false },
    { address: "224.0.0.1", what: "multicast", allowed: false },
    { address: "ff02::1", what: "multicast IPv6", allowed: false },
    { address: "255.255.255.255", what: "broadcast", allowed: false },
    { address: "240.0.0.1", what: "reserved", allowed: false },
    { address: "198.18.0.1", what: "benchmarking", allowed: false },
    { address: "203.0.113.4", what: "documentation", allowed: false },
    { address: "::ffff:127.0.0.1", what: "loopback, mapped", allowed: false },
    { address: "::ffff:a9fe:a9fe", what: "metadata, mapped, in hexadecimal", allowed: false },
    { address: "::ffff:8.8.8.8", what: "public, mapped", allowed: true },
    { address: "::127.0.0.1", what: "loopback, compatible", allowed: false },
    { address: "64:ff9b::a9fe:a9fe", what: "metadata by NAT64", allowed: false },
    { address: "64:ff9b::808:808", what: "public by NAT64", allowed: true },
    { address: "64:ff9b:1::808:808", what: "local-use NAT64", allowed: false },
    { address: "2002:7f00:1::", what: "6to4 of loopback", allowed: false },
    { address: "2001::1", what: "Teredo", allowed: false },
    { address: "fe80::1%eth0", what: "with a zone", allowed: false },
    { address: "images.example.com", what: "no address", allowed: false },
    { address: "", what: "nothing", allowed: false },
  ];
  for (const { address, what, allowed } of cases) {
    it(`${allowed ? "takes" : "refuses"} ${address} (${what})`, () => {
      assert.equal(isAllowedAddress(address, []), allowed);
    });
  }

  it("takes a private network that was allowed, in either form, and nothing beside it", () => {
    const networks = parseNetworks(["10.96.0.0/16", "fd00:10::/64"]);
    const allowed = ["10.96.3.4", "::ffff:10.96.3.4", "fd00:10::9", "10.97.0.1", "fd00:11::9", "127.0.0.1"];
    assert.deepEqual(
      allowed.filter((address) => isAllowedAddress(address, networks)),
      ["10.96.3.4", "::ffff:10.96.3.4", "fd00:10::9"],
    );
  });

  it("refuses a network that is none", () => {
    assert.throws(() => parseNetworks(["10.96.0.0"]));
  });
});
