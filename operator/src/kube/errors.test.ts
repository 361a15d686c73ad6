import assert from "node:assert/strict";
import {
  type ApiError,
  errorFromResponse,
  errorFromNetwork,
  errorFromStatus,
  retryAfterMs,
  type ApiErrorInit,
} from "./errors.ts";

const request = { method: "POST", path: "/apis/apps/v1/namespaces/media/deployments" };
const noon = Date.UTC(2026, 0, 1, 12);

function parts({ status, reason, message, method, path, retryAfterMs, causes }: ApiError): ApiErrorInit {
  return { status, reason, message, method, path, retryAfterMs, causes };
}

const absent = { retryAfterMs: undefined, causes: undefined };

describe("the error of an unsuccessful response", () => {
  interface Case {
    readonly response: { readonly status: number; readonly retryAfter?: string; readonly body: string };
    readonly expected: Omit<ApiErrorInit, "method" | "path">;
  }
  const cases: Readonly<Record<string, Case>> = {
    "keeps the reason, the message and the causes of a Status": {
      response: {
        status: 422,
        body: JSON.stringify({
          kind: "Status",
          apiVersion: "v1",
          status: "Failure",
          message: 'Deployment.apps "a" is invalid: spec.replicas: Invalid value: -1: must be at least 0',
          reason: "Invalid",
          details: {
            name: "a",
            causes: [{ reason: "FieldValueInvalid", message: "must be at least 0", field: "spec.replicas" }],
          },
          code: 422,
        }),
      },
      expected: {
        status: 422,
        reason: "Invalid",
        message: 'Deployment.apps "a" is invalid: spec.replicas: Invalid value: -1: must be at least 0',
        causes: [{ field: "spec.replicas", message: "must be at least 0", reason: "FieldValueInvalid" }],
      },
    },
    "prefers the header to the seconds of the Status": {
      response: {
        status: 429,
        retryAfter: "1",
        body: JSON.stringify({
          kind: "Status",
          message: "busy",
          reason: "TooManyRequests",
          details: { retryAfterSeconds: 9 },
        }),
      },
      expected: { status: 429, reason: "TooManyRequests", message: "busy", retryAfterMs: 1000 },
    },
    "uses the seconds of the Status without a header": {
      response: {
        status: 504,
        body: JSON.stringify({ kind: "Status", message: "slow", reason: "Timeout", details: { retryAfterSeconds: 2 } }),
      },
      expected: { status: 504, reason: "Timeout", message: "slow", retryAfterMs: 2000 },
    },
    "derives the reason from the status code for a proxy's error page": {
      response: { status: 503, retryAfter: "Thu, 01 Jan 2026 12:00:05 GMT", body: "<h1>no backend</h1>\n" },
      expected: {
        status: 503,
        reason: "ServiceUnavailable",
        message: "<h1>no backend</h1>",
        retryAfterMs: 5000,
      },
    },
    "has a message for an empty body": {
      response: { status: 599, body: "" },
      expected: {
        status: 599,
        reason: "InternalError",
        message: "the API server returned 599",
      },
    },
    "does not mistake another JSON object for a Status": {
      response: { status: 418, body: '{"kind":"Teapot"}' },
      expected: {
        status: 418,
        reason: "Unknown",
        message: '{"kind":"Teapot"}',
      },
    },
  };
  for (const [name, { response, expected }] of Object.entries(cases)) {
    it(name, () => {
      assert.deepEqual(parts(errorFromResponse(request, response, noon)), { ...request, ...absent, ...expected });
    });
  }
});

describe("the Status of an ERROR event", () => {
  it("has the HTTP status of its code", () => {
    const status = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version: 1 (7)" };
    assert.deepEqual(parts(errorFromStatus(request, status)), {
      ...request,
      ...absent,
      status: 410,
      reason: "Expired",
      message: "too old resource version: 1 (7)",
    });
  });
});

describe("Retry-After", () => {
  const cases: readonly [header: string | undefined, expected: number | undefined][] = [
    [undefined, undefined],
    ["0", 0],
    ["120", 120_000],
    ["Thu, 01 Jan 2026 12:01:00 GMT", 60_000],
    ["Thu, 01 Jan 2026 11:00:00 GMT", 0],
    ["soon", undefined],
    ["", undefined],
  ];
  for (const [header, expected] of cases) {
    it(`${JSON.stringify(header)} is ${expected} ms`, () => assert.equal(retryAfterMs(header, noon), expected));
  }
});

const coded = (message: string, code: string): Error => Object.assign(new Error(message), { code });

describe("a request without a response", () => {
  const cases: Readonly<Record<string, readonly [error: unknown, reason: string, message: string]>> = {
    "a refused connection": [
      coded("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED"),
      "Unreachable",
      "connect ECONNREFUSED 127.0.0.1:1",
    ],
    "a name with two addresses, both refusing": [
      new AggregateError([coded("connect ECONNREFUSED ::1:1", "ECONNREFUSED")]),
      "Unreachable",
      "connect ECONNREFUSED ::1:1",
    ],
    "a deadline": [
      new DOMException("The operation was aborted due to timeout", "TimeoutError"),
      "Timeout",
      "The operation was aborted due to timeout",
    ],
    "a slow header": [coded("Headers Timeout Error", "UND_ERR_HEADERS_TIMEOUT"), "Timeout", "Headers Timeout Error"],
    "a slow handshake": [coded("Connect Timeout Error", "UND_ERR_CONNECT_TIMEOUT"), "Timeout", "Connect Timeout Error"],
    "an error without a message": [coded("", "EPIPE"), "Unreachable", "EPIPE"],
    "a thrown value that is not an Error": ["oops", "Unreachable", "oops"],
  };
  for (const [name, [error, reason, message]] of Object.entries(cases)) {
    it(`${name} is ${reason}`, () => {
      const expected = { ...request, ...absent, status: 0, reason, message };
      assert.deepEqual(parts(errorFromNetwork(request, error)), expected);
    });
  }
});
