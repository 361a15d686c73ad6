import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { Outcome } from "./sample.ts";
import { type Answerer, unusedUrl, echo, listen } from "../testing/loopback-server.ts";
import { type Picture, loadPictures } from "./pictures.ts";
import { type Target, type TargetOptions, openTarget, probe } from "./target.ts";

let picture: Picture;
before(async () => {
  const pictures = await loadPictures([]);
  assert.ok(!("kind" in pictures) && pictures[0]);
  [picture] = pictures;
});

/** A target that closes with its scope. */
function open(url: string, changes: Partial<TargetOptions> = {}): Target & AsyncDisposable {
  const options = { url: new URL(url), headers: {}, connections: 2, connectTimeoutMs: 2000, expectScale: null };
  const target = openTarget({ ...options, ...changes });
  return { ...target, [Symbol.asyncDispose]: () => target.close() };
}

function kindOf(outcome: Outcome): string {
  return outcome.kind === "failed" ? outcome.failure.kind : outcome.kind;
}

describe("the responses of a target", () => {
  interface Case {
    answer: Answerer;
    kind: string;
    expectScale?: number;
    timeoutMs?: number;
  }
  const cases: Readonly<Record<string, Case>> = {
    "the picture": { answer: echo, kind: "accepted" },
    "the picture in its size": { answer: echo, expectScale: 1, kind: "accepted" },
    "the picture in another size": { answer: echo, expectScale: 2, kind: "wrong-size" },
    "the picture with a repeated header": {
      answer: (response, _nth, _request, body) =>
        response.writeHead(200, { "content-type": "image/jpeg", "server-timing": ["a;dur=1", "b;dur=2"] }).end(body),
      kind: "accepted",
    },
    "too busy": { answer: (response) => response.writeHead(503, { "retry-after": "1" }).end(), kind: "rejected" },
    broken: { answer: (response) => response.writeHead(503).end(), kind: "http-503" },
    "an error": { answer: (response) => response.writeHead(500).end("no"), kind: "http-500" },
    "a page": {
      answer: (response) => response.writeHead(200, { "content-type": "text/html" }).end("<p>"),
      kind: "wrong-type",
    },
    garbage: {
      answer: (response) => response.writeHead(200, { "content-type": "image/jpeg" }).end("?"),
      kind: "undecodable",
    },
    "nothing at all": {
      answer: (response) => response.writeHead(200, { "content-type": "image/jpeg" }).end(),
      kind: "undecodable",
    },
    "a reset before the head": { answer: (response) => response.socket?.resetAndDestroy(), kind: "reset" },
    "a reset in the body": {
      answer: (response, _nth, _request, body) => {
        response.writeHead(200, { "content-type": "image/jpeg", "content-length": body.length });
        response.write(body.subarray(0, 1000), () => response.socket?.resetAndDestroy());
      },
      kind: "reset",
    },
    "no response": { answer: () => undefined, timeoutMs: 50, kind: "timeout" },
    "a body that never ends": {
      answer: (response) => response.writeHead(200, { "content-type": "image/jpeg" }).write("start"),
      timeoutMs: 50,
      kind: "timeout",
    },
    "bytes that are not HTTP": {
      answer: (response) => response.socket?.end("HELLO THERE\r\n\r\n"),
      kind: "protocol",
    },
    "more than 64 MiB": {
      answer: (response) =>
        response.writeHead(200, { "content-type": "image/jpeg" }).end(Buffer.alloc(64 * 1024 * 1024 + 1)),
      kind: "too-large",
    },
  };
  for (const [name, { answer, kind, expectScale = null, timeoutMs = 5000 }] of Object.entries(cases)) {
    it(`${name}: ${kind}`, async () => {
      await using server = await listen(answer);
      await using target = open(server.url, { expectScale });
      const { outcome } = await target.send(picture, timeoutMs);
      assert.equal(kindOf(outcome), kind, JSON.stringify(outcome));
    });
  }

  it("no listener: connect", async () => {
    await using target = open(await unusedUrl());
    const { outcome } = await target.send(picture, 5000);
    assert.equal(kindOf(outcome), "connect");
  });

  it("detects a wrong response after an accepted one: only identical bytes skip the check", async () => {
    await using server = await listen((response, nth, request, body) => {
      if (nth < 3) echo(response, nth, request, body);
      else response.writeHead(200, { "content-type": "image/jpeg" }).end(Buffer.alloc(body.length));
    });
    await using target = open(server.url);
    const kinds: string[] = [];
    for (let nth = 0; nth < 3; nth++) kinds.push(kindOf((await target.send(picture, 5000)).outcome));
    assert.deepEqual(kinds, ["accepted", "accepted", "undecodable"]);
  });
});

describe("a target", () => {
  it("receives a POST of the picture, with the given headers", async () => {
    const seen: object[] = [];
    await using server = await listen((response, nth, request, body) => {
      const { method, url, headers } = request;
      seen.push({
        method,
        url,
        type: headers["content-type"],
        accept: headers.accept,
        key: headers["x-key"],
        same: body.equals(picture.body),
      });
      echo(response, nth, request, body);
    });
    await using target = open(`${server.url}/v1/process?quality=80`, {
      headers: { accept: "image/webp", "x-key": "1" },
    });
    await target.send(picture, 5000);
    assert.deepEqual(seen, [
      { method: "POST", url: "/v1/process?quality=80", type: "image/jpeg", accept: "image/webp", key: "1", same: true },
    ]);
  });

  it("receives one request at a time on each connection", async () => {
    await using server = await listen(echo);
    await using target = open(server.url, { connections: 3 });
    await Promise.all(Array.from({ length: 30 }, () => target.send(picture, 5000)));
    assert.deepEqual({ requests: server.requests, connections: server.connections }, { requests: 30, connections: 3 });
    assert.ok(server.concurrency <= 3);
  });

  it("counts requests in flight as abandoned, not as failed, after close", async () => {
    await using server = await listen(() => undefined);
    const target = open(server.url);
    const answer = target.send(picture, 5000);
    await target.close();
    assert.equal(kindOf((await answer).outcome), "abandoned");
  });
});

describe("probe", () => {
  it("succeeds with any listener", async () => {
    await using server = await listen(() => undefined);
    assert.equal(await probe(new URL(server.url), 2000), null);
  });

  it("accepts IPv6 addresses in brackets", async function () {
    const server = createServer().listen(0, "::1");
    const [event] = await Promise.race([once(server, "listening").then(() => ["listening"]), once(server, "error")]);
    if (event !== "listening") this.skip();
    const { port } = server.address() as AddressInfo;
    assert.equal(await probe(new URL(`http://[::1]:${port}`), 2000), null);
    server.close();
  });

  it("reports why the target cannot be reached", async () => {
    const url = new URL(await unusedUrl());
    assert.deepEqual(await probe(url, 2000), {
      kind: "connect",
      message: `connect ECONNREFUSED 127.0.0.1:${url.port}`,
    });
  });
});
