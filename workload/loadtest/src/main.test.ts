/** The program as its users start it: exit status, outputs, signals. Servers are on loopback, in this process. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Result } from "./result/result.ts";
import { type Answerer, unusedUrl, echo, listen } from "./testing/loopback-server.ts";

const program = fileURLToPath(new URL("../bin/gpumedia-loadtest.js", import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the program; `kill` reaches it while it runs. */
function start(args: readonly string[]): { ended: Promise<Ended>; kill: (signal: NodeJS.Signals) => void } {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const { promise: ended, resolve } = Promise.withResolvers<Ended>();
  child.once("close", (status) => resolve({ status, stdout, stderr }));
  return { ended, kill: (signal) => child.kill(signal) };
}

async function loadtest(...args: readonly string[]): Promise<Ended> {
  return await start(args).ended;
}

/** Runs against a URL with the result as JSON on standard output; `flags` are separated by spaces. */
async function resultOf(url: string, ...flags: readonly string[]): Promise<{ status: number | null; result: Result }> {
  const args = flags.flatMap((text) => text.split(" "));
  const { status, stdout, stderr } = await loadtest("--url", url, ...args, "--json", "-", "--quiet");
  assert.notEqual(stdout, "", stderr);
  return { status, result: JSON.parse(stdout) as Result };
}

const few = "--requests 20 --concurrency 4 --warmup 0".split(" ");

describe("gpumedia-loadtest", () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), "loadtest-"))));
  after(() => rm(folder, { recursive: true }));

  it("passes on a healthy server: table on standard output, exit status 0", async () => {
    await using server = await listen(echo);
    const flags = [...few, "--threshold", "p95=10s", "--expect-scale", "1"];
    const { status, stdout, stderr } = await loadtest("--url", server.url, ...flags);
    assert.deepEqual({ status, stderr, requests: server.requests }, { status: 0, stderr: "", requests: 20 });
    assert.match(stdout, /^accepted {2}20 /m);
    assert.match(stdout, /^PASSED$/m);
  });

  it("runs the guide's baseline by default, after 50 requests that are not measured", async () => {
    await using server = await listen(echo);
    const { status, result } = await resultOf(server.url);
    assert.deepEqual([status, result.scenario, result.counts.accepted, server.requests], [0, "baseline", 100, 150]);
    assert.ok(server.concurrency <= 10, `${server.concurrency} at a time`);
  });

  interface Case {
    answer: Answerer;
    args: readonly string[];
    counts: Partial<Result["counts"]>;
    reasons: RegExp;
  }
  const failing: Readonly<Record<string, Case>> = {
    "a threshold that is not met": {
      answer: echo,
      args: ["--threshold p50=1us"],
      counts: { accepted: 20 },
      reasons: /^p50 [\d.]+ ms, limit 0.001 ms$/,
    },
    "wrong responses, without any threshold": {
      answer: (response, nth, request, body) =>
        nth === 7 ? response.writeHead(500).end() : echo(response, nth, request, body),
      args: [],
      counts: { accepted: 19, failed: 1 },
      reasons: /^errors 5 %, limit 0 %$/,
    },
    resets: {
      answer: (response, nth, request, body) =>
        nth % 2 ? response.socket?.resetAndDestroy() : echo(response, nth, request, body),
      args: ["--threshold errors=10%"],
      counts: { accepted: 10, failed: 10 },
      reasons: /^errors 50 %, limit 10 %$/,
    },
    "a server that rejects everything": {
      answer: (response) => response.writeHead(503, { "retry-after": "1" }).end(),
      args: [],
      counts: { rejected: 20 },
      reasons: /^no request was accepted$/,
    },
    "a picture of the wrong size": {
      answer: echo,
      args: ["--expect-scale 2 --threshold errors=99%"],
      counts: { failed: 20 },
      reasons: /^no request was accepted,errors 100 %, limit 99 %$/,
    },
  };
  for (const [name, { answer, args, counts, reasons }] of Object.entries(failing)) {
    it(`fails with exit status 1 on ${name}`, async () => {
      await using server = await listen(answer);
      const { status, result } = await resultOf(server.url, ...few, ...args);
      assert.deepEqual([status, result.verdict], [1, "Failed"]);
      assert.deepEqual(result.counts, { accepted: 0, rejected: 0, failed: 0, abandoned: 0, ...counts });
      assert.match(result.reasons.join(), reasons);
    });
  }

  it("counts rejections without failing, and reports their latency", async () => {
    await using server = await listen((response, nth, request, body) =>
      nth % 4 === 0 ? response.writeHead(503, { "retry-after": "1" }).end() : echo(response, nth, request, body),
    );
    const { status, result } = await resultOf(server.url, ...few);
    assert.deepEqual(
      [status, result.counts.accepted, result.counts.rejected, result.figures.rejectedPercent],
      [0, 15, 5, 25],
    );
    assert.ok((result.details.rejectionLatencyMs?.max ?? 0) > 0);
  });

  it("reads the stages that the server reports", async () => {
    await using server = await listen((response, _nth, _request, body) =>
      response
        .writeHead(200, { "content-type": "image/jpeg", "server-timing": "queue;dur=1, inference;dur=8" })
        .end(body),
    );
    const { result } = await resultOf(server.url, ...few);
    assert.deepEqual(Object.keys(result.stages), ["queue", "inference"]);
    assert.equal(Math.round(result.stages["inference"]?.p95 ?? 0), 8);
  });

  it("rejects an invalid flag with one line and exit status 2", async () => {
    const problem = "option '--rate <n>' argument 'fast' is invalid. Expected a number of at least 0.001.";
    const stderr = `gpumedia-loadtest: ${problem}; see 'gpumedia-loadtest --help' for usage\n`;
    const ended = await loadtest("--url", "http://127.0.0.1:9", "--rate", "fast");
    assert.deepEqual(ended, { status: 2, stdout: "", stderr });
  });

  it("rejects a file that is not an image with exit status 2, before the first request", async () => {
    await using server = await listen(echo);
    const { status, stderr } = await loadtest("--url", server.url, "--image", program);
    assert.deepEqual(
      [status, stderr, server.connections],
      [2, `gpumedia-loadtest: --image ${program}: not an image that sharp can read\n`, 0],
    );
  });

  it("rejects an output that cannot be written with exit status 2, before the first request", async () => {
    await using server = await listen(echo);
    const file = join(folder, "no-such-folder", "result.json");
    const { status, stderr } = await loadtest("--url", server.url, "--json", file);
    const reason = `cannot write ${file}: ENOENT: no such file or directory, open '${file}'`;
    assert.deepEqual([status, stderr, server.connections], [2, `gpumedia-loadtest: ${reason}\n`, 0]);
  });

  it("reports an unreachable target with exit status 3, also in the termination message", async () => {
    const url = await unusedUrl();
    const file = join(folder, "unreachable");
    const { status, stdout } = await loadtest("--url", url, "--termination-message", file);
    const reason = `cannot reach ${new URL(url).host}: connect ECONNREFUSED ${new URL(url).host}`;
    assert.deepEqual([status, stdout], [3, `UNREACHABLE\n  ${reason}\n`]);
    const { verdict, reasons } = JSON.parse(await readFile(file, "utf8")) as Result;
    assert.deepEqual({ verdict, reasons }, { verdict: "Unreachable", reasons: [reason] });
  });

  it("writes JSON, report and termination message", async () => {
    await using server = await listen(echo);
    const [json, report, message] = [join(folder, "r.json"), join(folder, "r.html"), join(folder, "message")];
    const outputs = ["--json", json, "--html", report, "--termination-message", message, "--quiet"];
    const { status, stdout } = await loadtest("--url", server.url, ...few, ...outputs);
    assert.deepEqual([status, stdout], [0, ""]);
    const { details, ...outline } = JSON.parse(await readFile(json, "utf8")) as Result;
    assert.equal(
      details.timeline.reduce((sum, { accepted }) => sum + accepted, 0),
      20,
    );
    assert.deepEqual(JSON.parse(await readFile(message, "utf8")), outline);
    assert.match(await readFile(report, "utf8"), /^<!doctype html>[\s\S]*Passed[\s\S]*<\/html>\n$/);
  });

  it("writes the JSON to standard output and the table to standard error", async () => {
    await using server = await listen(echo);
    const { stdout, stderr } = await loadtest("--url", server.url, ...few, "--json", "-");
    assert.equal((JSON.parse(stdout) as Result).verdict, "Passed");
    assert.match(stderr, /^PASSED$/m);
  });

  for (const [signal, expected] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    it(`${signal}: stops sending, prints the result so far, exit status ${expected}`, async () => {
      const { promise: twelfth, resolve: reached } = Promise.withResolvers<void>();
      await using server = await listen((response, nth, request, body) => {
        if (nth <= 10) echo(response, nth, request, body);
        if (nth === 12) reached();
      });
      const flags = "--requests 1000 --concurrency 2 --warmup 0 --json -".split(" ");
      const { ended, kill } = start(["--url", server.url, ...flags]);
      await twelfth;
      kill(signal);
      const { status, stdout, stderr } = await ended;
      const { verdict, endedBy, counts } = JSON.parse(stdout) as Result;
      assert.deepEqual([status, verdict, endedBy], [expected, "Interrupted", "signal"], stderr);
      assert.deepEqual(counts, { accepted: 10, rejected: 0, failed: 0, abandoned: 2 });
      assert.match(stderr, /^INTERRUPTED\n {2}interrupted$/m);
      assert.equal(server.requests, 12);
    });
  }

  it("ends on time when the server never responds: --timeout bounds each request", async () => {
    await using server = await listen(() => undefined);
    const { status, result } = await resultOf(server.url, ...few, "--timeout 50ms");
    assert.deepEqual([status, result.counts.failed, result.failures[0]?.kind], [1, 20, "timeout"]);
  });

  it("stops after --duration and reports what it did not send", async () => {
    await using server = await listen(echo);
    const { result } = await resultOf(server.url, "--requests 1000000 --duration 200ms --warmup 0");
    assert.equal(result.endedBy, "duration");
    assert.match(result.warnings.join(), /the duration ended the run after \d+ of 1000000 requests/);
  });

  describe("open loop", () => {
    it("sends rate × duration requests on persistent connections", async () => {
      await using server = await listen(echo);
      const { status, result } = await resultOf(server.url, "--rate 100 --duration 1500ms --warmup 0");
      assert.deepEqual([status, result.counts.accepted, server.requests], [0, 150, 150]);
      // Counts, not times: a busy machine sends late but never less, and never all at the end.
      assert.ok(result.elapsedSeconds >= 1.49, `${result.elapsedSeconds} s`);
      assert.ok(server.connections < 150, `${server.connections} connections`);
      assert.ok(result.details.client.sendLagMs !== null);
    });

    it("shows a stall of one second that a closed loop leaves out of its p99", async () => {
      const stalling = (): Answerer => {
        let until = 0;
        return (response, nth, request, body) => {
          const now = performance.now();
          if (nth === 100) until = now + 1000;
          setTimeout(() => echo(response, nth, request, body), Math.max(0, until - now));
        };
      };
      await using first = await listen(stalling());
      const closed = await resultOf(first.url, "--requests 300 --concurrency 1 --warmup 0");
      await using second = await listen(stalling());
      const open = await resultOf(second.url, "--requests 300 --rate 100 --warmup 0");
      const [closedP99 = 0, openP99 = 0] = [closed, open].map(({ result }) => result.figures.latencyMs?.p99 ?? 0);
      // In the closed loop one request of 300 waited; in the open loop a third of them was due during the stall.
      assert.ok(openP99 > 900, `open loop ${openP99} ms`);
      // A busy machine delays requests of both.
      assert.ok(closedP99 < openP99 / 2, `closed loop ${closedP99} ms, open loop ${openP99} ms`);
      assert.ok((open.result.figures.latencyMs?.p90 ?? 0) > 600, JSON.stringify(open.result.figures.latencyMs));
    });

    it("includes the wait for a connection in latency but not in service time, and warns about it", async () => {
      await using server = await listen((response, nth, request, body) =>
        setTimeout(() => echo(response, nth, request, body), 50),
      );
      const { result } = await resultOf(server.url, "--requests 40 --rate 200 --concurrency 2 --warmup 0");
      const latency = result.figures.latencyMs?.max ?? 0;
      const service = result.details.serviceTimeMs?.max ?? 0;
      // 40 requests, two at a time, 50 ms each: the last is due after 195 ms and comes back after 1000 ms.
      assert.ok(latency > 700, `latency ${latency} ms`);
      assert.ok(service < latency / 2, `service time ${service} ms`);
      assert.match(result.warnings.join(), /requests waited for one of 2 connections/);
    });

    it("gives up arrivals that no connection took in time, as failures", async () => {
      await using server = await listen(() => undefined);
      const { status, result } = await resultOf(
        server.url,
        "--requests 50 --rate 2000 --concurrency 1 --timeout 300ms --warmup 0",
      );
      const kinds = Object.fromEntries(result.failures.map(({ kind, count }) => [kind, count]));
      assert.equal(status, 1);
      assert.equal(result.counts.failed, 50);
      // One of the last milliseconds before a deadline is enough to be sent, so that of two arrivals one is not.
      assert.ok((kinds["unsent"] ?? 0) > 0 && (kinds["timeout"] ?? 0) > 0, JSON.stringify(kinds));
    });
  });

  describe("against an earlier result", () => {
    let before: Result;
    let file: string;
    beforeEach(async () => {
      await using server = await listen(echo);
      before = (await resultOf(server.url, ...few)).result;
      file = join(folder, "before.json");
    });

    /** The earlier result with every latency multiplied. */
    async function rewrite(factor: number): Promise<void> {
      const scaled = Object.entries(before.figures.latencyMs ?? {}).map(([name, ms]) => [name, ms * factor]);
      const figures = {
        ...before.figures,
        requestsPerSecond: before.figures.requestsPerSecond / factor,
        latencyMs: Object.fromEntries(scaled) as object,
      };
      await writeFile(file, JSON.stringify({ ...before, figures }));
    }

    it("passes if it is not slower, fails if it is", async () => {
      await using server = await listen(echo);
      await rewrite(1000);
      const faster = await resultOf(server.url, ...few, `--against ${file}`);
      assert.deepEqual(
        [faster.status, faster.result.regression?.against, faster.result.reasons],
        [0, "before.json", []],
      );
      await rewrite(0.001);
      const slower = await resultOf(server.url, ...few, `--against ${file}`);
      assert.equal(slower.status, 1);
      assert.match(slower.result.reasons.join("\n"), /^p50 .*, was .* in before.json, tolerance 10 %$/m);
    });

    it("rejects a run that cannot be compared before it sends a request", async () => {
      await rewrite(1);
      await using server = await listen(echo);
      const { status, stderr } = await loadtest("--url", server.url, "--against", file);
      assert.deepEqual(
        [status, stderr, server.connections],
        [2, `gpumedia-loadtest: cannot compare with ${file}: its concurrency was 4, this one is 10\n`, 0],
      );
    });

    it("compares two files without sending requests", async () => {
      const now = join(folder, "now.json");
      await rewrite(1);
      await writeFile(now, await readFile(file));
      const same = await loadtest("compare", now, "--against", file, "--tolerance", "0%");
      assert.deepEqual([same.status, same.stdout.endsWith("\nPASSED\n")], [0, true], same.stdout);
      await rewrite(0.5);
      const slower = await loadtest("compare", now, "--against", file);
      assert.equal(slower.status, 1);
      assert.match(slower.stdout, /^✗ {2}p95 .*\+100 %$/m);
    });

    it("rejects a file that is not a result", async () => {
      const { status, stderr } = await loadtest("compare", program, "--against", program);
      assert.deepEqual([status, stderr], [2, `gpumedia-loadtest: ${program}: not JSON\n`]);
    });
  });
});
