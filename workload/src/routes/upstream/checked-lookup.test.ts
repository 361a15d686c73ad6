import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { promisify } from "node:util";
import { checkedLookup, type Resolve } from "./checked-lookup.ts";
import { isAllowedAddress } from "./public-address.ts";

const isAllowed = (address: string) => isAllowedAddress(address, []);
const ipv4 = (address: string): LookupAddress => ({ address, family: 4 });
const ipv6 = (address: string): LookupAddress => ({ address, family: 6 });

/** A resolver that gives these answers in turn, the last again and again. */
function answering(...answers: (readonly LookupAddress[] | Error)[]): Resolve & { readonly asked: string[] } {
  const asked: string[] = [];
  const resolve = async (hostname: string) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(hostname);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return Object.assign(resolve, { asked });
}

function lookupAll(
  options: Parameters<typeof checkedLookup>[0],
): (hostname: string, family?: number) => Promise<unknown> {
  const lookup = promisify(checkedLookup(options));
  return (hostname, family = 0) => lookup(hostname, { all: true, family });
}

describe("the lookup for upstream connections", () => {
  it("passes public addresses on", async () => {
    const addresses = [ipv4("8.8.8.8"), ipv6("2606:4700::1111")];
    const lookup = lookupAll({ isAllowed, ttlMs: 1000, resolve: answering(addresses) });
    assert.deepEqual(await lookup("images.example.com"), addresses);
    assert.deepEqual(await lookup("images.example.com", 6), [ipv6("2606:4700::1111")]);
  });

  it("answers one address to who asks for one", async () => {
    const lookup = checkedLookup({ isAllowed, ttlMs: 1000, resolve: answering([ipv4("127.0.0.1"), ipv4("8.8.8.8")]) });
    const answer = await new Promise((resolve) => {
      lookup("images.example.com", {}, (error, address, family) => resolve({ error, address, family }));
    });
    assert.deepEqual(answer, { error: null, address: "8.8.8.8", family: 4 });
  });

  it("hides private addresses beside public ones", async () => {
    const resolve = answering([ipv4("10.0.0.1"), ipv4("8.8.8.8"), ipv6("::1")]);
    assert.deepEqual(await lookupAll({ isAllowed, ttlMs: 1000, resolve })("x.example"), [ipv4("8.8.8.8")]);
  });

  it("rejects a name with only private addresses, without naming them", async () => {
    const lookup = lookupAll({ isAllowed, ttlMs: 1000, resolve: answering([ipv4("169.254.169.254")]) });
    await assert.rejects(lookup("x.example"), {
      code: "address-not-allowed",
      message: "x.example has no allowed address",
    });
  });

  it("resolves again only after the time to live, and checks each answer", async () => {
    let nowMs = 0;
    const resolve = answering([ipv4("8.8.8.8")], [ipv4("127.0.0.1")]);
    const lookup = lookupAll({ isAllowed, ttlMs: 300_000, now: () => nowMs, resolve });
    await lookup("x.example");
    nowMs = 299_999;
    assert.deepEqual(await lookup("x.example"), [ipv4("8.8.8.8")]);
    nowMs = 300_000;
    await assert.rejects(lookup("x.example"), { code: "address-not-allowed" });
    assert.deepEqual(resolve.asked, ["x.example", "x.example"]);
  });

  it("does not remember a failure", async () => {
    const resolve = answering(new Error("SERVFAIL"), [ipv4("8.8.8.8")]);
    const lookup = lookupAll({ isAllowed, ttlMs: 300_000, resolve });
    await assert.rejects(lookup("x.example"), /SERVFAIL/);
    assert.deepEqual(await lookup("x.example"), [ipv4("8.8.8.8")]);
  });

  it("remembers the newest thousand names", async () => {
    const resolve = answering([ipv4("8.8.8.8")]);
    const lookup = lookupAll({ isAllowed, ttlMs: 300_000, resolve });
    for (let name = 0; name <= 1000; name++) await lookup(`${name}.example`);
    await lookup("1.example");
    assert.equal(resolve.asked.length, 1001);
    await lookup("0.example");
    assert.equal(resolve.asked.length, 1002);
  });
});
