import assert from "node:assert/strict";
import { builtInProfileNames, processorConfig as schema } from "@gpumedia/api";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { Ajv } from "ajv";
import type { EffectiveService } from "../effective/service.ts";
import { processorConfig as configOf, restartChecksum } from "./processor-config.ts";
import { sampleService } from "./service.sample.ts";

const processorConfig = (service: EffectiveService) => configOf(service, { addresses: ["203.0.113.7"] });

describe("processor's configuration", () => {
  const accepts = new Ajv({ strict: false, allErrors: true }).compile(schema);
  const specs: readonly GpuMediaServiceSpec[] = [
    ...builtInProfileNames.map((profile) => ({ profile })),
    { gpu: { count: 0 } },
    { network: { ingress: { maxBodySize: "100g" } } },
    { slo: { concurrentUsers: 1_000_000 } },
    { model: { name: "own", path: "own.onnx", volume: { persistentVolumeClaim: { claimName: "models" } } } },
    { model: { layout: "NCHW", range: "-1-1", outputRange: "0-1", channels: "BGR", sizeMultiple: 8, verify: false } },
    { live: { enabled: true, udpPort: 3478, iceServers: ["stun:stun.example.com"], limits: { sessions: 3 } } },
    { model: { tile: 512, overlap: 32, warmUpSizes: ["1024x768"] } },
  ];
  for (const spec of specs) {
    it(`is valid for the processor: ${JSON.stringify(spec)}`, () => {
      accepts(processorConfig(sampleService(spec)));
      assert.deepEqual(accepts.errors, null);
    });
  }

  it("has the path of a custom model, runs on the CPU, and has no Ingress limit", () => {
    const guide = processorConfig(sampleService());
    const service = sampleService({
      profile: "development",
      gpu: { count: 0 },
      model: { name: "own", path: "own.onnx", volume: { persistentVolumeClaim: { claimName: "models" } } },
      network: { ingress: { maxBodySize: "0" } },
    });
    assert.deepEqual(processorConfig(service), {
      ...guide,
      accelerator: "cpu",
      environment: "development",
      logLevel: "debug",
      accessLog: true,
      model: { name: "own", size: "s", path: "/models/own.onnx" },
      batch: { maxSize: 2, maxDelay: "0ms" },
      queue: { maxDepth: 32, maxWait: "1s" },
      drain: { timeout: "10s" },
      limits: { pixels: 16_777_216, bodyBytes: 1024 ** 3 },
      memoryCleanup: { interval: "30s" },
    });
  });

  const sessions = [
    { concurrentUsers: 0, maxSessions: 100 },
    { concurrentUsers: 20, maxSessions: 100 },
    { concurrentUsers: 500, maxSessions: 500 },
  ];
  for (const { concurrentUsers, maxSessions } of sessions) {
    it(`accepts ${maxSessions} concurrent streams for ${concurrentUsers} users`, () => {
      assert.deepEqual(processorConfig(sampleService({ slo: { concurrentUsers } })).stream, { maxSessions });
    });
  }

  it("has the limits of uploads and the allowed origins only where they differ from the processor's defaults", () => {
    const { limits, cors } = processorConfig(sampleService());
    assert.deepEqual({ limits, cors }, { limits: { pixels: 52_428_800, bodyBytes: 33_554_432 }, cors: undefined });
    const network = {
      upload: { pauseTimeout: "1m", timeout: "900s" },
      cors: { allowedOrigins: ["https://app.example.com"] },
    };
    const changed = processorConfig(sampleService({ network }));
    assert.deepEqual(
      { limits: changed.limits, cors: changed.cors },
      {
        limits: { pixels: 52_428_800, bodyBytes: 33_554_432, bodyPause: "1m", bodyTimeout: "900s" },
        cors: network.cors,
      },
    );
  });

  it("has live video with the address of the load balancer and the name of all pods, without its secrets", () => {
    const tokenSecretRef = { name: "live", key: "token" };
    const limits = { sessions: 5 };
    const iceServers = ["turns:turn.example.com:443?transport=tcp"];
    const service = sampleService({
      live: { enabled: true, iceServers, iceTransportPolicy: "relay", tokenSecretRef, limits },
    });
    assert.deepEqual(configOf(service, { addresses: ["203.0.113.7"], port: 31_000 }).live, {
      enabled: true,
      udpPort: 8080,
      publicAddresses: ["203.0.113.7"],
      publicPort: 31_000,
      peers: "upscaler-peers.media.svc",
      iceServers,
      iceTransportPolicy: "relay",
      sessionsPerProcess: 1,
      limits: { sessions: 5, pixels: 921_600, framesPerSecond: 30, kilobitsPerSecond: 2500 },
      timeouts: { connect: "15s", silent: "8s" },
    });
    assert.equal(processorConfig(sampleService({ live: { limits } })).live, undefined);
  });

  it("restarts pods when live video is switched on or changed, and not for another public address", () => {
    const checksum = (live: NonNullable<GpuMediaServiceSpec["live"]>) => restartChecksum(sampleService({ live }));
    const on = checksum({ enabled: true });
    assert.notEqual(on, checksum({ enabled: false, udpPort: 3478 }));
    assert.notEqual(on, checksum({ enabled: true, limits: { sessions: 5 } }));
    assert.equal(on, checksum({ enabled: true, publicAddresses: ["203.0.113.7"] }));
  });

  const changes: { readonly [title: string]: { readonly spec: GpuMediaServiceSpec; readonly restarts: boolean } } = {
    "the log level": { spec: { processing: { logLevel: "debug" } }, restarts: false },
    "the queue": { spec: { processing: { queue: { maxDepth: 10 } } }, restarts: false },
    "the batch": { spec: { processing: { batch: { maxSize: 2, maxDelay: "5ms" } } }, restarts: false },
    "the access log": { spec: { processing: { accessLog: true } }, restarts: true },
    "the model": { spec: { model: { size: "l" } }, restarts: true },
    "what the model takes": { spec: { model: { sizeMultiple: 8 } }, restarts: true },
    "the networks to fetch from": {
      spec: { processing: { upstream: { allowedNetworks: ["10.96.0.0/16"] } } },
      restarts: true,
    },
    "the hosts to fetch from": {
      spec: { processing: { upstream: { allowedHosts: ["a.example.com"] } } },
      restarts: true,
    },
    "the origins of pages": { spec: { network: { cors: { allowedOrigins: ["*"] } } }, restarts: true },
    "the time for uploads": { spec: { network: { upload: { timeout: "600s" } } }, restarts: true },
    "the drain": { spec: { drain: { timeout: "10s" } }, restarts: true },
    "a field that the processor does not read": { spec: { slo: { latencyP95: "50ms" } }, restarts: false },
  };
  for (const [title, { spec, restarts }] of Object.entries(changes)) {
    it(`${restarts ? "restarts" : "does not restart"} pods for a change of ${title}`, () => {
      assert.equal(restartChecksum(sampleService(spec)) !== restartChecksum(sampleService()), restarts);
    });
  }
});
