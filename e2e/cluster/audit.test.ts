import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuditLog, matchesFilter, writeVerbs, type AuditEvent, type AuditFilter } from "./audit.ts";

function event(auditID: string, more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    auditID,
    stage: "ResponseComplete",
    verb: "create",
    requestURI: "/apis/apps/v1/namespaces/media/deployments",
    userAgent: "kubectl/v1.35.4 (linux/amd64)",
    user: { username: "admin" },
    objectRef: { resource: "deployments", apiGroup: "apps", apiVersion: "v1", namespace: "media", name: "a" },
    responseStatus: { code: 201 },
    requestReceivedTimestamp: "2026-01-01T00:00:01.000000Z",
    stageTimestamp: "2026-01-01T00:00:01.010000Z",
    ...more,
  };
}

describe("an audit log", () => {
  let directory = "";
  let log: AuditLog;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "audit-"));
    log = new AuditLog(join(directory, "audit.log"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const write = (text: string): Promise<void> => appendFile(join(directory, "audit.log"), text);
  const line = (written: AuditEvent): string => `${JSON.stringify(written)}\n`;
  const ids = (): readonly string[] => log.events.map(({ auditID, stage }) => `${auditID} ${stage}`);

  it("is empty before the first request", () => assert.deepEqual(log.events, []));

  it("has one event per request: its latest stage, in the place of its first", async () => {
    await write(line(event("a", { stage: "RequestReceived" })) + line(event("b")));
    assert.deepEqual(ids(), ["a RequestReceived", "b ResponseComplete"]);
    await write(line(event("a")));
    assert.deepEqual(ids(), ["a ResponseComplete", "b ResponseComplete"]);
  });

  it("waits for the rest of a line that is being written, wherever it breaks", async () => {
    const text = Buffer.from(line(event("a", { userAgent: "🎞" })) + line(event("b")));
    const cut = text.indexOf(0xf0) + 2;
    await appendFile(join(directory, "audit.log"), text.subarray(0, cut));
    assert.deepEqual(ids(), []);
    await appendFile(join(directory, "audit.log"), text.subarray(cut));
    assert.deepEqual(log.requests({ userAgent: "🎞" }).length, 1);
    assert.deepEqual(ids(), ["a ResponseComplete", "b ResponseComplete"]);
  });

  it("is read whole when it is longer than one read", async () => {
    const many = Array.from({ length: 4_000 }, (_, index) => line(event(String(index))));
    await write(many.join(""));
    assert.equal(log.events.length, 4_000);
  });

  it("can be waited for", async () => {
    const found = log.waitFor({ name: "a" }, { everyMs: 1 });
    const foundToo = log.waitFor(({ auditID }) => auditID === "x", { everyMs: 1 });
    await write(line(event("x")));
    assert.deepEqual(
      (await Promise.all([found, foundToo])).map(({ auditID }) => auditID),
      ["x", "x"],
    );
    await assert.rejects(
      log.waitFor({ name: "b" }, { withinMs: 0 }),
      /timed out after 0 s waiting for a request with \{"name":"b"\} in the audit log; last seen: "1 requests, the last one create /,
    );
  });
});

describe("a filter of requests", () => {
  const of = event("a");
  const cases: readonly (readonly [filter: AuditFilter, matches: boolean])[] = [
    [{}, true],
    [{ user: "admin", userAgent: /^kubectl/, verb: "create", code: 201 }, true],
    [{ user: "other" }, false],
    [{ userAgent: "kubectl" }, false],
    [{ userAgent: /^operator/ }, false],
    [{ verb: writeVerbs }, true],
    [{ verb: ["get", "list"] }, false],
    [{ resource: "deployments", apiGroup: "apps", namespace: "media", name: "a", subresource: "" }, true],
    [{ resource: "pods" }, false],
    [{ apiGroup: "" }, false],
    [{ subresource: "status" }, false],
    [{ code: 409 }, false],
    [{ since: Date.parse("2026-01-01T00:00:01Z") }, true],
    [{ since: Date.parse("2026-01-01T00:00:02Z") }, false],
  ];
  for (const [filter, matches] of cases) {
    it(`${matches ? "matches" : "does not match"} ${Object.keys(filter).join(", ") || "all"}`, () =>
      assert.equal(matchesFilter(of, filter), matches));
  }

  it("matches no request without an object when it names one", () => {
    const { objectRef: _none, ...discovery } = of;
    assert.deepEqual([matchesFilter(discovery, { resource: "pods" }), matchesFilter(discovery, {})], [false, true]);
  });
});
