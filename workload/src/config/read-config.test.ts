import assert from "node:assert/strict";
import { builtInModelFile } from "../models/built-in.ts";
import { overrides } from "./environment.ts";
import { readConfig } from "./read-config.ts";
import type { Settings } from "./settings.ts";

function settings(text: string, env: Readonly<Record<string, string>> = {}): Settings {
  const reading = readConfig(text, env);
  if (reading.kind === "wrong") assert.fail(JSON.stringify(reading.values));
  return reading.settings;
}

/** Of a model of which nothing is set. */
const options = {
  overlap: 16,
  verify: true,
  warmUpSizes: [
    { width: 640, height: 480 },
    { width: 1280, height: 720 },
    { width: 1920, height: 1080 },
  ],
};

describe("the configuration", () => {
  it("is the guide's production setup by default", () => {
    assert.deepEqual(settings(""), {
      accelerator: "cpu",
      development: false,
      listen: { host: undefined, port: 8080 },
      logLevel: "warn",
      accessLog: false,
      model: { name: "anime4k-2x", file: builtInModelFile("anime4k-2x-s"), receptiveRadius: 4, options },
      workers: 0,
      batch: { maxSize: 8, maxDelayMs: 0 },
      queue: { maxDepth: 256, maxWaitMs: 1000 },
      requestTimeoutMs: 30_000,
      drain: { timeoutMs: 300_000, delayMs: 1_000 },
      limits: {
        bodyBytes: 33_554_432,
        pixels: 52_428_800,
        headersTimeoutMs: 10_000,
        bodyPauseMs: 30_000,
        bodyTimeoutMs: 300_000,
      },
      cors: { allowedOrigins: [] },
      connections: { keepAliveMs: 3_660_000, maxAgeMs: 600_000, maxRequests: 0 },
      memoryCleanupIntervalMs: 300_000,
      cacheMaxAgeSeconds: 300,
      upstream: {
        allowedHosts: [],
        allowedNetworks: [],
        connections: 100,
        connectionsPerHost: 30,
        dnsCacheTtlMs: 300_000,
        keepAliveMs: 30_000,
      },
      stream: { maxSessions: 100, maxInFlight: 2 },
      live: {
        enabled: false,
        udpHost: undefined,
        udpPort: 8080,
        publicAddresses: [],
        publicPort: null,
        sessionsPerProcess: 1,
        peers: "",
        token: "",
        iceServers: [],
        iceTransportPolicy: "all",
        turnSecret: "",
        limits: { sessions: 20, pixels: 921_600, framesPerSecond: 30, kilobitsPerSecond: 2500 },
        timeouts: { connectMs: 15_000, silentMs: 8000 },
      },
    });
  });

  it("may be JSON, and delays batches by default only on cuda", () => {
    assert.deepEqual(settings('{"accelerator": "cuda"}').batch, { maxSize: 8, maxDelayMs: 2 });
    assert.deepEqual(settings("batch: {maxDelay: 5ms}").batch, { maxSize: 8, maxDelayMs: 5 });
  });

  it("selects a size of the built-in model, or a custom file", () => {
    assert.equal(settings("model: {size: l}").model.file, builtInModelFile("anime4k-2x-l"));
    assert.deepEqual(settings("model: {name: mine, path: /models/a.onnx}").model, {
      name: "mine",
      file: "/models/a.onnx",
      receptiveRadius: null,
      options,
    });
  });

  const pixelLimits: { readonly [text: string]: number } = {
    "{}": 52_428_800,
    "{model: {path: /m.onnx}}": 16_777_216,
    "{model: {path: /m.onnx, tile: 256}}": 52_428_800,
    "{model: {path: /m.onnx}, limits: {pixels: 99}}": 99,
  };
  for (const [text, pixels] of Object.entries(pixelLimits)) {
    it(`limits pictures to ${pixels} pixels: ${text}`, () => {
      const reading = readConfig(text, {});
      assert.equal(reading.kind === "settings" && reading.settings.limits.pixels, pixels);
    });
  }

  it("is overridden by the environment, except by empty values", () => {
    const env = {
      GPUMEDIA_QUEUE_MAX_DEPTH: "7",
      GPUMEDIA_ACCESS_LOG: "true",
      GPUMEDIA_LOG_LEVEL: "",
      GPUMEDIA_UPSTREAM_ALLOWED_HOSTS: "a.example, *.b.example",
    };
    const { queue, accessLog, logLevel, upstream } = settings(
      "{logLevel: error, queue: {maxDepth: 5, maxWait: 2s}}",
      env,
    );
    assert.deepEqual(
      { queue, accessLog, logLevel, hosts: upstream.allowedHosts },
      {
        queue: { maxDepth: 7, maxWaitMs: 2000 },
        accessLog: true,
        logLevel: "error",
        hosts: ["a.example", "*.b.example"],
      },
    );
  });

  it("has one variable for each of its members", () => {
    const variables = overrides.map(({ variable }) => variable);
    assert.equal(new Set(variables).size, variables.length);
    assert.ok(variables.includes("GPUMEDIA_LIMITS_BODY_BYTES"));
  });

  const wrong: readonly (readonly [text: string, values: readonly string[], env?: Record<string, string>])[] = [
    [
      "{queue: {maxDepth: 0}, batch: {maxSize: many, maxDelay: 2}, color: red}",
      [
        "color: unknown setting",
        "batch.maxSize: must be integer",
        "batch.maxDelay: must be string",
        "queue.maxDepth: must be >= 1",
      ],
    ],
    ["accelerator: gpu", ["accelerator: must be one of cpu, cuda"]],
    [
      "model: {name: other}",
      ["model.name: must be one of anime4k-2x-s, anime4k-2x-m, anime4k-2x-l, or set model.path"],
    ],
    ["batch: {maxDelay: 31s}", ["batch.maxDelay: must be shorter than requestTimeout (30s)"]],
    ["", ["queue.maxDepth: must be integer (from GPUMEDIA_QUEUE_MAX_DEPTH)"], { GPUMEDIA_QUEUE_MAX_DEPTH: "x" }],
    ["- a list", [": must be object"]],
    [
      "a: [",
      [": Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 5:"],
    ],
  ];
  for (const [text, values, env = {}] of wrong) {
    it(`reports each invalid value of ${text === "" ? JSON.stringify(env) : text}`, () => {
      const reading = readConfig(text, env);
      assert.equal(reading.kind, "wrong");
      const errors = reading.kind === "wrong" ? reading.values.map(({ path, message }) => `${path}: ${message}`) : [];
      assert.deepEqual(errors.toSorted(), values.toSorted());
    });
  }
});
