import assert from "node:assert/strict";
import { valueAt } from "../schema/paths.ts";
import { validateFile } from "../validate/index.ts";
import { builtInProfileNames, builtInProfiles } from "./index.ts";
import type { GuideSection } from "./sourced.ts";

/** Returns the settings in which a profile differs from production, by path. */
function differences(name: (typeof builtInProfileNames)[number]): Record<string, unknown> {
  const { spec, sources } = builtInProfiles[name];
  const { spec: production } = builtInProfiles.production;
  return Object.fromEntries(
    [...sources.keys()]
      .filter((path) => !path.includes('"') && valueAt(spec, path) !== valueAt(production, path))
      .map((path) => [path, valueAt(spec, path)]),
  );
}

/** All values of the guide that are settings: section, path, value. */
const guide: readonly (readonly [section: GuideSection, path: string, value: unknown])[] = [
  ["Key Performance Metrics", "slo.latencyP95", "20ms"],
  ["Key Performance Metrics", "slo.requestsPerSecondPerGpu", 1000],
  ["Key Performance Metrics", "slo.concurrentUsers", 100],
  ["Key Performance Metrics", "slo.memory", "4Gi"],
  ["Key Performance Metrics", "slo.gpuUtilization.min", 60],
  ["Key Performance Metrics", "slo.gpuUtilization.max", 80],
  ["CUDA Configuration", "gpu.cuda.launchBlocking", false],
  ["CUDA Configuration", "gpu.cuda.deviceOrder", "PCI_BUS_ID"],
  ["GPU Workload Patterns", "gpu.resourceName", "nvidia.com/gpu"],
  ["GPU Workload Patterns", "gpu.count", 1],
  ["GPU Workload Patterns", "resources.requests.cpu", "2000m"],
  ["GPU Workload Patterns", "resources.requests.memory", "4Gi"],
  ["GPU Workload Patterns", "resources.limits.cpu", "4000m"],
  ["GPU Workload Patterns", "resources.limits.memory", "8Gi"],
  ["FastAPI Performance", "processing.accessLog", false],
  ["Connection Pooling", "processing.upstream.connections", 100],
  ["Connection Pooling", "processing.upstream.connectionsPerHost", 30],
  ["Connection Pooling", "processing.upstream.dnsCacheTtl", "300s"],
  ["Connection Pooling", "processing.upstream.keepAlive", "30s"],
  ["Horizontal Pod Autoscaler (HPA)", "autoscaling.horizontal.enabled", true],
  ["Horizontal Pod Autoscaler (HPA)", "autoscaling.horizontal.provider", "HPA"],
  ["Horizontal Pod Autoscaler (HPA)", "autoscaling.horizontal.minReplicas", 2],
  ["Horizontal Pod Autoscaler (HPA)", "autoscaling.horizontal.maxReplicas", 10],
  ["Horizontal Pod Autoscaler (HPA)", "autoscaling.horizontal.cpuUtilizationPercent", 60],
  ["Horizontal Pod Autoscaler (HPA)", "autoscaling.horizontal.behavior.scaleUp.stabilizationWindowSeconds", 60],
  [
    "Horizontal Pod Autoscaler (HPA)",
    "autoscaling.horizontal.behavior.scaleUp.policies",
    [{ type: "Percent", value: 100, periodSeconds: 15 }],
  ],
  ["Horizontal Pod Autoscaler (HPA)", "autoscaling.horizontal.behavior.scaleDown.stabilizationWindowSeconds", 300],
  [
    "Horizontal Pod Autoscaler (HPA)",
    "autoscaling.horizontal.behavior.scaleDown.policies",
    [{ type: "Percent", value: 10, periodSeconds: 60 }],
  ],
  ["Vertical Pod Autoscaler (VPA)", "autoscaling.vertical.enabled", true],
  ["Vertical Pod Autoscaler (VPA)", "autoscaling.vertical.mode", "Auto"],
  ["Vertical Pod Autoscaler (VPA)", "autoscaling.vertical.maxAllowed.cpu", "4"],
  ["Vertical Pod Autoscaler (VPA)", "autoscaling.vertical.maxAllowed.memory", "8Gi"],
  ["Load Balancing", "network.ingress.className", "nginx"],
  ["Load Balancing", "network.ingress.connectTimeout", "5s"],
  ["Load Balancing", "network.ingress.sendTimeout", "300s"],
  ["Load Balancing", "network.ingress.readTimeout", "300s"],
  ["Load Balancing", "network.ingress.maxBodySize", "10m"],
  ["CDN Integration", "network.cacheMaxAge", "300s"],
  ["GPU Metrics", "monitoring.dcgm.enabled", true],
];

function byPath(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a[1]).localeCompare(String(b[1]));
}

describe("the built-in profile production", () => {
  const { spec, sources } = builtInProfiles.production;

  it("has the guide's own values where the guide has one, and calls no other value the guide's", () => {
    const claimed = [...sources].filter(([, { why }]) => why === undefined);
    assert.deepEqual(
      claimed.map(([path, { section }]) => [section, path, valueAt(spec, path)]).toSorted(byPath),
      guide.toSorted(byPath),
    );
  });
});

describe("the built-in profile", () => {
  it("development has one GPU, debug logs, small batches, frequent cleanup, and scales nothing", () => {
    assert.deepEqual(differences("development"), {
      replicas: 1,
      "processing.logLevel": "debug",
      "processing.accessLog": true,
      "processing.batch.maxSize": 2,
      "processing.batch.maxDelay": "1ms",
      "processing.queue.maxDepth": 32,
      "processing.memoryCleanup.interval": "30s",
      "autoscaling.horizontal.enabled": false,
      "autoscaling.horizontal.minReplicas": 1,
      "autoscaling.horizontal.maxReplicas": 1,
      "autoscaling.vertical.enabled": false,
      "monitoring.dcgm.enabled": false,
      "monitoring.alerts": false,
      "rollout.strategy": "Recreate",
      "drain.timeout": "10s",
      "podDisruptionBudget.enabled": false,
    });
  });

  it("staging is production on fewer GPUs, with a load test after each rollout", () => {
    assert.deepEqual(differences("staging"), {
      "processing.logLevel": "info",
      "autoscaling.horizontal.maxReplicas": 4,
      "autoscaling.vertical.mode": "Off",
      "regression.onRollout": true,
      "drain.timeout": "60s",
    });
  });

  for (const name of builtInProfileNames) {
    it(`${name} is a valid GpuMediaProfile, and gives a reason for every value that is not in the guide`, () => {
      const { spec, sources } = builtInProfiles[name];
      const object = { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaProfile", metadata: { name }, spec };
      assert.deepEqual(validateFile.GpuMediaProfile(object), []);
      assert.deepEqual(
        [...sources].filter(([, { section, why = "" }]) => section === undefined && why === ""),
        [],
      );
    });
  }
});
