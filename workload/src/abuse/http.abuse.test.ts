/** Malformed and abandoned HTTP requests. After each, the same processor serves the next request. */
import assert from "node:assert/strict";
import type { UtilizationReport } from "@gpumedia/api";
import { type ProcessorProcess, processorProcess } from "./processor-process.ts";
import { photograph } from "../testing/photographs.ts";
import { RawConnection } from "../testing/raw-connection.ts";
import { smallPicture } from "./pictures.ts";

const MiB = 2 ** 20;

function post(path: string, headers: readonly string[]): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n`;
}

const pictureHeaders = (length: number) => [`Content-Length: ${length}`, "Content-Type: image/jpeg"];

describe("abuse of HTTP", () => {
  let processor: ProcessorProcess;
  let picture: Buffer;

  before(async () => {
    picture = await smallPicture("jpeg");
    processor = await processorProcess({
      GPUMEDIA_LIMITS_BODY_BYTES: String(10 * MiB),
      GPUMEDIA_LIMITS_HEADERS_TIMEOUT: "1s",
      GPUMEDIA_LIMITS_BODY_TIMEOUT: "2s",
    });
  });
  after(async () => processor[Symbol.asyncDispose]());

  /** Checks that the next request succeeds, no request is left over and no worker died. */
  async function checkServing(): Promise<void> {
    const response = await fetch(`${processor.url}/v1/process`, {
      method: "POST",
      body: new Uint8Array(picture),
      headers: { "content-type": "image/jpeg" },
    });
    assert.equal(response.status, 200, response.status === 200 ? undefined : await response.text());
    await response.arrayBuffer();
    for (;;) {
      const { requests, workers } = (await (await fetch(`${processor.url}/utilization`)).json()) as UtilizationReport;
      assert.equal(workers.restarts, 0);
      if (requests.active + requests.queued === 0) return;
    }
  }

  const malformed: readonly {
    readonly name: string;
    readonly sent: readonly (string | Uint8Array)[];
    /** Of the responses; the connection is closed after the last. */
    readonly statuses: readonly number[];
  }[] = [
    {
      name: "a Content-Length over the limit",
      sent: [post("/v1/process", pictureHeaders(10 * MiB + 1))],
      statuses: [413],
    },
    { name: "garbage", sent: ["\0\u0001\u0002 garbage\r\n\r\n"], statuses: [400] },
    { name: "a TLS ClientHello", sent: [Buffer.from("160301020001000001fc0303", "hex")], statuses: [400] },
    { name: "an HTTP/2 preface", sent: ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], statuses: [400] },
    { name: "an unknown method", sent: ["BREW /v1/process HTTP/1.1\r\nHost: x\r\n\r\n"], statuses: [400] },
    { name: "no Host header", sent: ["GET /livez HTTP/1.1\r\n\r\n"], statuses: [400] },
    {
      name: "two Content-Length headers",
      sent: [post("/v1/process", ["Content-Length: 1", "Content-Length: 2"])],
      statuses: [400],
    },
    {
      name: "Content-Length and chunks, as in request smuggling",
      sent: [post("/v1/process", ["Content-Length: 4", "Transfer-Encoding: chunked"]), "0\r\n\r\n"],
      statuses: [400],
    },
    { name: "an invalid Content-Length", sent: [post("/v1/process", ["Content-Length: -1"])], statuses: [400] },
    {
      name: "an invalid chunk size",
      sent: [post("/v1/process", ["Transfer-Encoding: chunked", "Content-Type: image/jpeg"]), "zz\r\n"],
      statuses: [400],
    },
    {
      name: "endless headers",
      sent: [`GET /livez HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(64 * 1024)}`],
      statuses: [431],
    },
    {
      name: "an endless path",
      sent: [`GET /${"a".repeat(64 * 1024)} HTTP/1.1\r\nHost: x\r\n\r\n`],
      statuses: [431],
    },
    {
      name: "a pipelined request, then garbage",
      sent: ["GET /livez HTTP/1.1\r\nHost: x\r\n\r\n\r\ngarbage\r\n\r\n"],
      statuses: [200, 400],
    },
    { name: "an incomplete header, until the timeout", sent: ["GET /livez HTTP/1.1\r\nHost: x\r\n"], statuses: [408] },
    {
      name: "an incomplete body, until the timeout",
      sent: [post("/v1/process", pictureHeaders(1000)), "a"],
      statuses: [408],
    },
  ];
  for (const { name, sent, statuses } of malformed) {
    it(`${name}: ${statuses.join(", then ")}, and the connection is closed`, async () => {
      const connection = await RawConnection.open(processor.port);
      for (const data of sent) await connection.send(data);
      await connection.closed;
      assert.deepEqual(connection.statuses, statuses);
      await checkServing();
    });
  }

  it("endless chunks: 413 at the limit, and the connection is closed", async () => {
    const connection = await RawConnection.open(processor.port);
    await connection.send(post("/v1/process", ["Transfer-Encoding: chunked", "Content-Type: image/jpeg"]));
    const chunk = Buffer.concat([Buffer.from(`${MiB.toString(16)}\r\n`), Buffer.alloc(MiB), Buffer.from("\r\n")]);
    let sent = 0;
    while (connection.statuses.length === 0 && sent < 64) {
      await connection.send(chunk);
      sent++;
    }
    await connection.closed;
    assert.deepEqual(connection.statuses, [413]);
    await checkServing();
  });

  const unread: readonly (readonly [name: string, headers: readonly string[], path: string, status: number])[] = [
    ["an unsupported media type", ["Content-Length: 5", "Content-Type: text/html"], "/v1/process", 415],
    ["a body for an unknown path", ["Content-Length: 5", "Content-Type: image/jpeg"], "/nowhere", 404],
    ["no body", ["Content-Length: 0", "Content-Type: image/jpeg"], "/v1/process", 400],
    ["an invalid escape in the path", ["Content-Length: 5"], "/%zz", 400],
  ];
  for (const [name, headers, path, status] of unread) {
    it(`${name}: ${status}`, async () => {
      const connection = await RawConnection.open(processor.port);
      await connection.send(post(path, headers));
      await connection.send(headers[0] === "Content-Length: 0" ? "" : "hello");
      assert.deepEqual(await connection.responses(1), [status]);
      connection.reset();
      await checkServing();
    });
  }

  const stages: readonly (readonly [
    name: string,
    until: (connection: RawConnection, large: Buffer) => Promise<void>,
  ])[] = [
    ["right after connecting", async () => undefined],
    ["during the header", (connection) => connection.send("POST /v1/process HTTP/1.1\r\nHost:")],
    ["after the header", (connection) => connection.send(post("/v1/process", pictureHeaders(100_000)))],
    [
      "during the body",
      (connection) => connection.send(post("/v1/process", pictureHeaders(100_000)) + "a".repeat(50_000)),
    ],
    [
      "during processing",
      async (connection, large) => {
        await connection.send(post("/v1/process", pictureHeaders(large.length)));
        await connection.send(large);
        await busy(processor.url);
      },
    ],
    [
      "during the response",
      async (connection, large) => {
        connection.socket.once("data", () => connection.socket.pause());
        await connection.send(post("/v1/process", pictureHeaders(large.length)));
        await connection.send(large);
        await connection.responses(1);
      },
    ],
  ];
  for (const [name, until] of stages) {
    it(`survives clients that reset ${name}`, async () => {
      const large = Buffer.from(photograph("flower"));
      const connections = await Promise.all(Array.from({ length: 4 }, async () => RawConnection.open(processor.port)));
      await Promise.all(connections.map(async (connection) => until(connection, large)));
      for (const connection of connections) connection.reset();
      await checkServing();
    });
  }

  const upgrades: readonly (readonly [name: string, request: string, status: number])[] = [
    [
      "HTTP/2, as Java's client sends it, gets a response in HTTP/1.1",
      "GET /livez HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
      200,
    ],
    [
      "WebSocket on another path is ignored",
      "GET /livez HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
      200,
    ],
    [
      "WebSocket without a key is rejected",
      "GET /v1/stream HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
      400,
    ],
    [
      "WebSocket with POST is rejected",
      "POST /v1/stream HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n",
      405,
    ],
  ];
  for (const [name, request, status] of upgrades) {
    it(`an upgrade to ${name}`, async () => {
      const connection = await RawConnection.open(processor.port);
      await connection.send(`${request}Host: x\r\n\r\n`);
      assert.deepEqual(await connection.responses(1), [status]);
      // The next request gets a response, or the connection is closed: it is never left open and unread.
      await connection.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
      await Promise.race([connection.responses(2), connection.closed]);
      connection.reset();
      await checkServing();
    });
  }

  it("responds to a hundred pipelined requests in order", async () => {
    const connection = await RawConnection.open(processor.port);
    const requests = Array.from(
      { length: 100 },
      (_, index) => `GET /${index % 2 === 0 ? "livez" : "nowhere"} HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    await connection.send(requests.join(""));
    assert.deepEqual(
      await connection.responses(100),
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? 200 : 404)),
    );
    connection.reset();
  });
});

async function busy(url: string): Promise<void> {
  for (;;) {
    const { requests } = (await (await fetch(`${url}/utilization`)).json()) as UtilizationReport;
    if (requests.active > 0) return;
  }
}
