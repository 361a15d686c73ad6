/** The program as its users start it: exit status, last words, signals, reload. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { UtilizationReport } from "@gpumedia/api";
import { OnnxGraph } from "./models/onnx-graph.ts";
import { photograph } from "./testing/photographs.ts";

const program = fileURLToPath(new URL("../bin/gpumedia-processor.js", import.meta.url));

interface Started {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  readonly exit: Promise<number | null>;
}

function start(args: readonly string[], env: Record<string, string> = {}): Started {
  const own = { GPUMEDIA_LISTEN_PORT: "0", GPUMEDIA_LISTEN_HOST: "127.0.0.1", GPUMEDIA_LOG_LEVEL: "info", ...env };
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, ...own }, stdio: "pipe" });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const exit = once(child, "close").then(([code]) => code as number | null);
  return { child, stderr: () => stderr, exit };
}

/** The line of the log that contains `text`, once it is written. */
async function logged({ stderr, exit }: Started, text: string): Promise<string> {
  let ended = false;
  void exit.then(() => (ended = true));
  for (;;) {
    const line = stderr()
      .split("\n")
      .find((line) => line.includes(text));
    if (line !== undefined) return line;
    if (ended) assert.fail(stderr());
    await pause(10);
  }
}

/** Its address, once it is ready. */
async function ready(started: Started): Promise<string> {
  return (JSON.parse(await logged(started, '"msg":"ready"')) as { url: string }).url;
}

/** A model with one input of two dimensions, which no picture has. */
function matrixModel(): Uint8Array {
  const graph = new OnnxGraph();
  return graph.encode({
    name: "matrix",
    doc: "takes no picture",
    input: { name: "matrix", shape: [3, 3] },
    output: { name: "same", shape: [3, 3] },
    last: graph.node("Identity", ["matrix"]),
  });
}

describe("gpumedia-processor", () => {
  const base = mkdtempSync(join(tmpdir(), "gpumedia-main-"));
  const file = (name: string, text: string | Uint8Array): string => {
    writeFileSync(join(base, name), text);
    return join(base, name);
  };
  after(() => rmSync(base, { recursive: true, force: true }));

  const endings: readonly {
    readonly name: string;
    readonly args: () => string[];
    readonly env?: Record<string, string>;
    readonly code: number;
    readonly message: RegExp;
  }[] = [
    {
      name: "an unknown flag",
      args: () => ["--colour"],
      code: 2,
      message: /^gpumedia-processor: unknown option '--colour'/,
    },
    {
      name: "a missing file",
      args: () => ["--config", "/nowhere.yaml"],
      code: 2,
      message: /^gpumedia-processor: cannot read \/nowhere\.yaml: ENOENT\n$/,
    },
    {
      name: "invalid values",
      args: () => ["--config", file("wrong.yaml", "queue: {maxDepth: 0}\nworkers: many\n")],
      code: 2,
      message: /^gpumedia-processor: workers: must be integer\ngpumedia-processor: queue\.maxDepth: must be >= 1\n$/,
    },
    {
      name: "a missing model",
      args: () => [],
      env: { GPUMEDIA_MODEL_PATH: "/nowhere.onnx" },
      code: 4,
      message: /gpumedia-processor: model anime4k-2x \(\/nowhere\.onnx\) cannot be used: .*\n$/,
    },
    {
      name: "a model that takes no picture",
      args: () => [],
      env: { GPUMEDIA_MODEL_PATH: "matrix" },
      code: 4,
      message:
        /input matrix is uint8 of shape \[3, 3\]: expected uint8, float32 or float16 of shape \[batch, height, width, channels\]/,
    },
    {
      name: "cuda without its library",
      args: () => [],
      env: { GPUMEDIA_ACCELERATOR: "cuda" },
      code: 3,
      message: /^gpumedia-processor: accelerator is cuda, but onnxruntime's CUDA provider .* is missing: .*\n$/,
    },
    {
      name: "a pod's address that is none",
      args: () => [],
      env: { GPUMEDIA_LIVE_ENABLED: "true", GPUMEDIA_LIVE_PEERS: "upscaler-live-peers", GPUMEDIA_POD_IP: "pod" },
      code: 1,
      message: /^gpumedia-processor: GPUMEDIA_POD_IP: pod is no IP address\n$/,
    },
  ];
  for (const { name, args, env = {}, code, message } of endings) {
    it(`exits with ${code} for ${name}`, async () => {
      const path =
        env["GPUMEDIA_MODEL_PATH"] === "matrix" ? { GPUMEDIA_MODEL_PATH: file("matrix.onnx", matrixModel()) } : {};
      const started = start(args(), { GPUMEDIA_LOG_LEVEL: "error", ...env, ...path });
      assert.equal(await started.exit, code, started.stderr());
      assert.match(started.stderr(), message);
    });
  }

  it("warns of live.peers without the pod's address", async () => {
    const env = {
      GPUMEDIA_LIVE_ENABLED: "true",
      GPUMEDIA_LIVE_UDP_PORT: "0",
      GPUMEDIA_LIVE_PEERS: "upscaler-live-peers",
    };
    const started = start([], env);
    assert.match(await logged(started, "live.peers is set without GPUMEDIA_POD_IP"), /nothing is forwarded/);
    started.child.kill("SIGKILL");
    await started.exit;
  });

  it("prints its help", async () => {
    const started = start(["--help"]);
    let text = "";
    started.child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    assert.equal(await started.exit, 0);
    assert.match(text, /--config <file>[\s\S]*GPUMEDIA_QUEUE_MAX_DEPTH[\s\S]*Exit status/);
  });

  it("is alive before it is ready, completes accepted requests after SIGTERM, and exits with 0", async () => {
    // No request may be rejected for its wait on a slow machine. The start is logged at every level.
    const started = start([], { GPUMEDIA_QUEUE_MAX_WAIT: "60s", GPUMEDIA_LOG_LEVEL: "error" });
    const url = await ready(started);
    const answers = Array.from({ length: 6 }, async () =>
      fetch(`${url}/v1/process`, {
        method: "POST",
        headers: { "content-type": "image/jpeg" },
        body: photograph("flower"),
      }),
    );
    for (;;) {
      const report = (await (await fetch(`${url}/utilization`)).json()) as UtilizationReport;
      if (report.requests.active + report.requests.queued + report.requests.accepted === 6) break;
    }
    started.child.kill("SIGTERM");
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      [200, 200, 200, 200, 200, 200],
    );
    assert.equal(await started.exit, 0, started.stderr());
  });

  it("defers a SIGTERM that arrives while the model loads", async () => {
    const started = start([]);
    await logged(started, "Server listening");
    started.child.kill("SIGTERM");
    assert.equal(await started.exit, 0, started.stderr());
  });

  it("reloads queue, batch and log level when the mounted ConfigMap changes", async () => {
    const mount = (revision: string, text: string): void => {
      mkdirSync(join(base, revision), { recursive: true });
      writeFileSync(join(base, revision, "config.yaml"), text);
      symlinkSync(revision, join(base, "..data_tmp"));
      renameSync(join(base, "..data_tmp"), join(base, "..data"));
    };
    mount("..1", "queue: {maxDepth: 10}");
    symlinkSync("..data/config.yaml", join(base, "config.yaml"));
    const started = start(["--config", join(base, "config.yaml")]);
    const url = await ready(started);
    const limit = async () =>
      ((await (await fetch(`${url}/utilization`)).json()) as UtilizationReport).requests.queueLimit;
    assert.equal(await limit(), 10);
    mount("..2", "queue: {maxDepth: 20}");
    await logged(started, "configuration reloaded");
    assert.equal(await limit(), 20);
    mount("..3", "queue: {maxDepth: none}");
    await logged(started, "the changed configuration is invalid");
    assert.equal(await limit(), 20);
    started.child.kill("SIGTERM");
    assert.equal(await started.exit, 0);
  });
});
