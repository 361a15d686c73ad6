/**
 * A load generator that needs as little CPU time as possible in Node: it writes one prepared request to plain sockets, and parses only
 * the head of each response. Runs as a process and prints one line of JSON.
 *
 * usage: node load-client.ts PORT PICTURE CONNECTIONS SECONDS
 */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { LatencyHistogram } from "../../workload/loadtest/src/figures/histogram.ts";
import type { LoadFigures } from "./figures.ts";

const [port = "", picture = "", connections = "", seconds = ""] = process.argv.slice(2);
/** Earlier responses are not counted: their code is still being compiled. */
const warmUpMs = 1000;
/** Interval of requests to /livez. */
const livezEveryMs = 20;

const body = readFileSync(picture);
const headOf = (line: string, length: number): string =>
  `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\nContent-Length: ${length}\r\n\r\n`;
const picturePost = Buffer.concat([Buffer.from(headOf("POST /v1/process", body.length)), body]);
const livez = Buffer.from("GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

const latencies = new LatencyHistogram();
const livezLatencies = new LatencyHistogram();
const startedAt = performance.now();
const countFrom = startedAt + warmUpMs;
const endAt = countFrom + Number(seconds) * 1000;
let failed = 0;
let total = 0;

/** Sends `request` again `pauseMs` after the previous response is complete. */
function client(request: Buffer, histogram: LatencyHistogram, pauseMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true });
  let sentAt = 0;
  let missing = -1;
  let head: Buffer = Buffer.alloc(0);
  let status = 0;

  function send(): void {
    sentAt = performance.now();
    socket.write(request);
  }
  function answered(): void {
    const now = performance.now();
    if (histogram === latencies) total++;
    if (now >= countFrom && now < endAt) {
      if (status === 200) histogram.record(now - sentAt);
      else failed++;
    }
    missing = -1;
    if (now < endAt) return void (pauseMs > 0 ? setTimeout(send, pauseMs) : send());
    socket.destroy();
    resolve();
  }
  function read(chunk: Buffer): void {
    if (missing >= 0) {
      missing -= chunk.length;
      if (missing <= 0) answered();
      return;
    }
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const text = head.toString("latin1", 0, end);
    status = Number(text.slice(9, 12));
    missing = Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0) - (head.length - end - 4);
    head = Buffer.alloc(0);
    if (missing <= 0) answered();
  }
  socket.on("connect", send).on("data", read).on("error", reject);
  socket.on("close", () => reject(new Error("the server closed a connection")));
  return promise;
}

const clients = Array.from({ length: Number(connections) }, () => client(picturePost, latencies, 0));
await Promise.all([...clients, client(livez, livezLatencies, livezEveryMs)]);
const figures: LoadFigures = {
  total,
  perSecond: latencies.count / Number(seconds),
  failed,
  p50: latencies.percentile(50),
  p95: latencies.percentile(95),
  p99: latencies.percentile(99),
  livezP99: livezLatencies.percentile(99),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
