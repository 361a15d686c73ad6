import assert from "node:assert/strict";
import { ApiError } from "../kube/errors.ts";
import { createLogger, describeError, redact, type LogLevel } from "./log.ts";

function capture(level: LogLevel): { log: ReturnType<typeof createLogger>; lines: () => Record<string, unknown>[] } {
  const written: string[] = [];
  const log = createLogger({ level, destination: { write: (line) => written.push(line) } });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe("createLogger", () => {
  it("writes the level as a word, the time as RFC 3339, and neither pid nor hostname", () => {
    const { log, lines } = capture("info");
    log.child({ namespace: "media", name: "upscaler", reconcileID: "7" }).info("applied");
    const [line] = lines();
    assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(
      { ...line, time: "" },
      { level: "info", time: "", namespace: "media", name: "upscaler", reconcileID: "7", msg: "applied" },
    );
  });

  it("leaves out what is below its level", () => {
    const { log, lines } = capture("warn");
    log.info("not this");
    log.warn("but this");
    assert.deepEqual(
      lines().map(({ msg }) => msg),
      ["but this"],
    );
  });

  it("writes an error under `error`", () => {
    const { log, lines } = capture("info");
    log.error({ error: new TypeError("x is not a function") }, "a visit failed");
    const [line] = lines();
    assert.match(
      JSON.stringify(line?.error),
      /^\{"kind":"TypeError","message":"x is not a function","stack":".*log\.test/,
    );
  });
});

describe("describeError", () => {
  it("names what was asked of the API server and what it answered, without our stack", () => {
    const request = { method: "PATCH", path: "/api/v1/x" };
    const answer = { status: 429, reason: "TooManyRequests", message: "slow down", retryAfterMs: 1_000 };
    const expected = { kind: "ApiError", ...request, ...answer, causes: undefined };
    assert.deepEqual(describeError(new ApiError({ ...request, ...answer })), expected);
  });

  it("follows causes, but not round in circles", () => {
    const inner = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const outer = new Error("no answer", { cause: inner });
    inner.cause = outer;
    const text = JSON.stringify(describeError(outer));
    assert.match(text, /"message":"no answer".*"cause":\{.*"code":"ECONNREFUSED"/);
  });

  it("leaves out members that nobody vouched for", () => {
    const error = Object.assign(new Error("failed"), { options: { headers: { authorization: "Bearer s3cret" } } });
    assert.ok(!JSON.stringify(describeError(error)).includes("s3cret"));
  });

  it("takes what is thrown and is no error", () => {
    assert.equal(describeError("Bearer s3cret"), "Bearer [secret]");
  });
});

describe("redact", () => {
  const cases: readonly { what: string; text: string; redacted: string }[] = [
    { what: "plain text", text: "deployments.apps is forbidden", redacted: "deployments.apps is forbidden" },
    { what: "a header", text: "authorization: Bearer abc.def, x", redacted: "authorization: Bearer [secret], x" },
    { what: "a JWT", text: "got eyJhbGciOi.eyJpc3MiOi.c2ln here", redacted: "got [secret] here" },
    { what: "a member of YAML", text: "at token: abc123\n  ^^^", redacted: "at token: [secret]\n  ^^^" },
    { what: "a member of JSON", text: '{"client-key-data": "LS0t"}', redacted: '{"client-key-data": "[secret]"}' },
    { what: "a URL", text: "proxy http://me:pw@host:80/", redacted: "proxy http://[secret]@host:80/" },
    {
      what: "a private key",
      text: "a -----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY----- b",
      redacted: "a [secret] b",
    },
  ];
  for (const { what, text, redacted } of cases) it(`of ${what}`, () => assert.equal(redact(text), redacted));
});
