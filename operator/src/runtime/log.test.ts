import assert from "node:assert/strict";
import { ApiError } from "../kube/errors.ts";
import { createLogger, describeError, redact, type LogLevel } from "./log.ts";

function capture(level: LogLevel): { log: ReturnType<typeof createLogger>; lines: () => Record<string, unknown>[] } {
  const written: string[] = [];
  const log = createLogger({ level, destination: { write: (line) => written.push(line) } });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe("createLogger", () => {
  it("writes the level as text, the time as RFC 3339, and neither pid nor hostname", () => {
    const { log, lines } = capture("info");
    log.child({ namespace: "media", name: "upscaler", reconcileID: "7" }).info("applied");
    const [line] = lines();
    assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(
      { ...line, time: "" },
      { level: "info", time: "", namespace: "media", name: "upscaler", reconcileID: "7", msg: "applied" },
    );
  });

  it("omits lines below its level", () => {
    const { log, lines } = capture("warn");
    log.info("omitted");
    log.warn("written");
    assert.deepEqual(
      lines().map(({ msg }) => msg),
      ["written"],
    );
  });

  it("writes an error under `error`", () => {
    const { log, lines } = capture("info");
    log.error({ error: new TypeError("x is not a function") }, "reconcile failed");
    const [line] = lines();
    assert.match(
      JSON.stringify(line?.error),
      /^\{"kind":"TypeError","message":"x is not a function","stack":".*log\.test/,
    );
  });
});

describe("describeError", () => {
  it("describes the request and the response of the API server, without the stack", () => {
    const request = { method: "PATCH", path: "/api/v1/x" };
    const response = { status: 429, reason: "TooManyRequests", message: "slow down", retryAfterMs: 1_000 };
    const expected = { kind: "ApiError", ...request, ...response, causes: undefined };
    assert.deepEqual(describeError(new ApiError({ ...request, ...response })), expected);
  });

  it("follows causes, but stops in a cycle", () => {
    const inner = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const outer = new Error("no response", { cause: inner });
    inner.cause = outer;
    const text = JSON.stringify(describeError(outer));
    assert.match(text, /"message":"no response".*"cause":\{.*"code":"ECONNREFUSED"/);
  });

  it("omits unknown members", () => {
    const error = Object.assign(new Error("failed"), { options: { headers: { authorization: "Bearer s3cret" } } });
    assert.ok(!JSON.stringify(describeError(error)).includes("s3cret"));
  });

  it("accepts a thrown value that is not an Error", () => {
    assert.equal(describeError("Bearer s3cret"), "Bearer [secret]");
  });
});

describe("redact", () => {
  const cases: Readonly<Record<string, { text: string; redacted: string }>> = {
    "keeps plain text": { text: "deployments.apps is forbidden", redacted: "deployments.apps is forbidden" },
    "removes the token of a header": {
      text: "authorization: Bearer abc.def, x",
      redacted: "authorization: Bearer [secret], x",
    },
    "removes a JWT": { text: "got eyJhbGciOi.eyJpc3MiOi.c2ln here", redacted: "got [secret] here" },
    "removes a value of YAML": { text: "at token: abc123\n  ^^^", redacted: "at token: [secret]\n  ^^^" },
    "removes a value of JSON": {
      text: '{"client-key-data": "LS0t"}',
      redacted: '{"client-key-data": "[secret]"}',
    },
    "removes the credentials of a URL": {
      text: "proxy http://me:pw@host:80/",
      redacted: "proxy http://[secret]@host:80/",
    },
    "removes a private key": {
      text: "a -----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY----- b",
      redacted: "a [secret] b",
    },
  };
  for (const [what, { text, redacted }] of Object.entries(cases)) it(what, () => assert.equal(redact(text), redacted));
});
