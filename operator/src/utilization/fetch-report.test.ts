import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createReportSource, type ReportSource } from "./fetch-report.ts";
import { sampleReport } from "./report.sample.ts";

/** Fails by the test's own timeout. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(5);
}

describe("report of a pod", () => {
  let server: Server | TcpServer | undefined;
  let source: ReportSource | undefined;

  afterEach(async () => {
    await source?.close();
    if (server !== undefined && "closeAllConnections" in server) server.closeAllConnections();
    server?.close();
    server = undefined;
  });

  /** The source of reports from the pod that `started` imitates. */
  async function sourceOf(started: Server | TcpServer, timeoutMs = 5_000): Promise<ReportSource> {
    server = started.listen(0, "127.0.0.1");
    await once(server, "listening");
    source = createReportSource({ timeoutMs, port: (server.address() as AddressInfo).port });
    return source;
  }

  async function fetchFrom(pod: RequestListener, timeoutMs?: number): Promise<unknown> {
    return (await sourceOf(createServer(pod), timeoutMs)).fetch("127.0.0.1");
  }

  it("is read from /utilization", async () => {
    const answer = await fetchFrom(({ method, url }, response) => {
      response.statusCode = `${method} ${url}` === "GET /utilization" ? 200 : 404;
      response.end(JSON.stringify(sampleReport));
    });
    assert.equal((answer as { gpuPercent: number }).gpuPercent, 72);
  });

  it("leaves no connection open", async () => {
    let connections = 0;
    const pod = createServer((_request, response) => response.end(JSON.stringify(sampleReport)));
    pod.on("connection", (socket) => {
      connections++;
      socket.on("close", () => connections--);
    });
    const reports = await sourceOf(pod);
    for (let poll = 0; poll < 5; poll++) await reports.fetch("127.0.0.1");
    await until(() => connections === 0);
  });

  const faults: { readonly [title: string]: { pod: RequestListener; problem: string; timeoutMs?: number } } = {
    "a body that does not end": {
      pod: (_request, response) => {
        const pour = (): void => void (response.destroyed || response.write("x".repeat(16_384), pour));
        pour();
      },
      problem: "sends more than 64 KiB",
    },
    "a body that arrives byte by byte": {
      pod: (_request, response) => {
        const timer = setInterval(() => response.write("x"), 20);
        response.on("close", () => clearInterval(timer));
      },
      problem: "does not respond within 0.3 s",
      timeoutMs: 300,
    },
    "no response": { pod: () => {}, problem: "does not respond within 0.3 s", timeoutMs: 300 },
    "a redirect": {
      pod: ({ url }, response) => {
        if (url === "/utilization") response.writeHead(302, { location: "/elsewhere" }).end();
        else response.end(JSON.stringify(sampleReport));
      },
      problem: "responds with HTTP 302",
    },
    "an error page": {
      pod: (_request, response) => void response.writeHead(500).end("x".repeat(1e6)),
      problem: "responds with HTTP 500",
    },
    "a broken connection": { pod: ({ socket }) => socket.destroy(), problem: "closes the connection" },
    "headers that are too long": {
      pod: ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\nx-a: b\r\nx-b: ${"c".repeat(100_000)}\r\n`);
      },
      problem: "closes the connection",
    },
  };
  for (const [title, { pod, problem, timeoutMs }] of Object.entries(faults)) {
    it(`is missing after ${title}`, async () => {
      assert.deepEqual(await fetchFrom(pod, timeoutMs), { problem });
    });
  }

  it("reports a server that does not speak HTTP", async () => {
    const ssh = createTcpServer((socket) => void socket.on("data", () => socket.write("SSH-2.0-OpenSSH\r\n")));
    const reports = await sourceOf(ssh);
    assert.deepEqual(await reports.fetch("127.0.0.1"), { problem: "does not speak HTTP" });
  });

  it("reports a refused connection", async () => {
    const reports = await sourceOf(createTcpServer());
    server?.close();
    assert.deepEqual(await reports.fetch("127.0.0.1"), { problem: "refuses connections" });
  });
});
