import assert from "node:assert/strict";
import type { UtilizationReport } from "@gpumedia/api";
import { topPage } from "./page.ts";
import { snapshot } from "./snapshot.ts";
import { topTable } from "./table.ts";
import { isReady, pod, reportOf, service } from "./top.sample.ts";

const unscheduled = {
  spec: { containers: [{ name: "gpu-media", resources: { limits: { "nvidia.com/gpu": "1" } } }] },
  status: {
    conditions: [
      {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
      },
    ],
  },
};
const busy = snapshot(
  [
    service("thumbnails", {
      summary: { replicas: "1/1" },
      utilization: { pods: 1, band: "Above" },
      bottleneck: "Gpu",
      ...isReady,
    }),
    service("upscaler", {
      summary: { replicas: "2/4" },
      utilization: { pods: 2, band: "Within" },
      bottleneck: "None",
      conditions: [
        { type: "Ready", status: "False", reason: "WaitingForGpu", message: "no node has 1 free nvidia.com/gpu" },
      ],
    }),
  ],
  [
    pod("thumbnails-5c9f6d7b8-x7x2k", "thumbnails", reportOf(2)),
    pod("upscaler-7d9f8c6b5d-aaaaa", "upscaler", reportOf(1)),
    pod("upscaler-7d9f8c6b5d-bbbbb", "upscaler", reportOf(1), {
      status: { podIP: "10.0.0.2", containerStatuses: [{ name: "gpu-media", state: { running: {} } }] },
    }),
    pod("upscaler-7d9f8c6b5d-ccccc", "upscaler", { problem: "refuses connections" }),
    pod("upscaler-7d9f8c6b5d-ddddd", "upscaler", undefined, unscheduled),
  ],
  true,
);

const texts = (width: number): readonly string[] => topTable(busy, width).map(({ text }) => text);

describe("the table of top", () => {
  it("shows services, pods, and GPUs where a pod has several", () => {
    assert.deepEqual(texts(80), [
      "NAME                          GPU   GPU MEM  TEMP  POWER  RPS   P95  QUEUE",
      "media/thumbnails              65%   11/45Gi  62°C   280W   40  14ms      2",
      "  thumbnails-5c9f6d7b8-x7x2k  65%   11/45Gi  62°C   280W   40  14ms      2",
      "    GPU 0                     60%  5.6/22Gi  61°C   140W    -     -      -",
      "    GPU 1                     70%  5.6/22Gi  62°C   140W    -     -      -",
      "media/upscaler                60%   11/45Gi  61°C   280W   80  14ms      4",
      "                              no node has 1 free nvidia.com/gpu",
      "  upscaler-7d9f8c6b5d-aaaaa   60%  5.6/22Gi  61°C   140W   40  14ms      2",
      "  upscaler-7d9f8c6b5d-bbbbb   60%  5.6/22Gi  61°C   140W   40  14ms      2",
      "  upscaler-7d9f8c6b5d-ccccc   refuses connections",
      "  upscaler-7d9f8c6b5d-ddddd   is waiting for a GPU",
    ]);
  });

  it("has more columns, and notes beside the figures, on a wide terminal", () => {
    assert.deepEqual(texts(150), [
      "NAME                          GPU   GPU MEM  TEMP  POWER  RPS   P95  QUEUE  BUSY  CPU  STREAMS",
      "media/thumbnails              65%   11/45Gi  62°C   280W   40  14ms      2   60%  40%        3  1/1 ready, above the band, limit: Gpu",
      "  thumbnails-5c9f6d7b8-x7x2k  65%   11/45Gi  62°C   280W   40  14ms      2   60%  40%        3",
      "    GPU 0                     60%  5.6/22Gi  61°C   140W    -     -      -     -    -        -  NVIDIA A10",
      "    GPU 1                     70%  5.6/22Gi  62°C   140W    -     -      -     -    -        -  NVIDIA A10",
      "media/upscaler                60%   11/45Gi  61°C   280W   80  14ms      4   60%  40%        6  2/4 ready, not Ready, within the band",
      "                              no node has 1 free nvidia.com/gpu",
      "  upscaler-7d9f8c6b5d-aaaaa   60%  5.6/22Gi  61°C   140W   40  14ms      2   60%  40%        3  NVIDIA A10",
      "  upscaler-7d9f8c6b5d-bbbbb   60%  5.6/22Gi  61°C   140W   40  14ms      2   60%  40%        3  not ready, NVIDIA A10",
      "  upscaler-7d9f8c6b5d-ccccc   refuses connections",
      "  upscaler-7d9f8c6b5d-ddddd   is waiting for a GPU",
    ]);
  });

  it("has columns of live video where a pod reports it", () => {
    const live = {
      sessions: 7,
      publishers: 4,
      viewers: 3,
      sessionLimit: 20,
      framesPerSecond: 118.4,
      droppedShare: 0.034,
      roundTripMs: 41,
      latencyMs: { p50: 20, p95: 35 },
    };
    const streaming = snapshot(
      [service("studio", { summary: { replicas: "2/2" }, ...isReady })],
      [pod("studio-a", "studio", { ...reportOf(1), live }), pod("studio-b", "studio", reportOf(1))],
      false,
    );
    assert.deepEqual(
      topTable(streaming, 160).map(({ text }) => text),
      [
        "NAME        GPU   GPU MEM  TEMP  POWER  RPS   P95  QUEUE  BUSY  CPU  STREAMS  LIVE  FPS  DROPPED   RTT",
        "studio      60%   11/45Gi  61°C   280W   80  14ms      4   60%  40%       13  7/20  118       3%  41ms  2/2 ready",
        "  studio-a  60%  5.6/22Gi  61°C   140W   40  14ms      2   60%  40%       10  7/20  118       3%  41ms  NVIDIA A10",
        "  studio-b  60%  5.6/22Gi  61°C   140W   40  14ms      2   60%  40%        3     -    -        -     -  NVIDIA A10",
      ],
    );
    assert.deepEqual(streaming.services[0]?.live, {
      sessions: 7,
      sessionLimit: 20,
      framesPerSecond: 118.4,
      droppedPercent: 3.4000000000000004,
      frameLatencyP95Milliseconds: 35,
      roundTripMilliseconds: 41,
    });
  });

  it("shows with which pods a pod shares its GPU, also those of services that it does not list", () => {
    const sharing = (uuid: string): UtilizationReport => {
      const { gpus, ...report } = reportOf(1);
      return { ...report, gpus: { ...gpus, devices: gpus.devices.map((device) => ({ ...device, uuid })) } };
    };
    const sharedGpus = [{ uuid: "GPU-1", memoryPercent: 80, services: { "media/upscaler": 2, "lab/notebook": 1 } }];
    const utilization = { pods: 2, band: "Within", gpuSharing: "TimeSlicing", sharedGpus };
    const shared = snapshot(
      [service("upscaler", { summary: { replicas: "2/2" }, utilization, ...isReady })],
      [pod("upscaler-a", "upscaler", sharing("GPU-1")), pod("upscaler-b", "upscaler", sharing("GPU-1"))],
      false,
    );
    const notes = topTable(shared, 160).map(({ text }) => text.slice(text.indexOf("  3  ") + 5));
    assert.deepEqual(notes.slice(2), Array(2).fill("shared with media/upscaler (1), lab/notebook (1), NVIDIA A10"));
    assert.match(topTable(shared, 160)[1]?.text ?? "", /  2\/2 ready, within the band, GPUs: TimeSlicing$/);
  });

  it("shows how many GPUs are free where DRA offers them", () => {
    const note = (source: string): string => {
      const capacity = { gpusRequested: 1, gpusAllocatable: 4, gpusFree: 3, source };
      const rows = snapshot([service("upscaler", { summary: { replicas: "1/1" }, capacity, ...isReady })], [], false);
      return topTable(rows, 160)[1]?.text ?? "";
    };
    assert.match(note("DRA"), /  1\/1 ready, 3 of 4 GPUs free$/);
    assert.match(note("Both"), /  1\/1 ready, 3 of 4 GPUs free$/);
    assert.match(note("DevicePlugin"), /  1\/1 ready$/);
  });

  it("shows the devices that the claims of a pod have", () => {
    const device = {
      pod: "upscaler-a",
      node: "n",
      device: "gpu-0-mig-1g10gb-19-0",
      profile: "1g.10gb",
      uuid: "MIG-1a",
    };
    const gpu = { allocation: "ResourceClaim", message: "", devices: [device, { pod: "upscaler-b", device: "gpu-1" }] };
    const claimed = snapshot(
      [service("upscaler", { summary: { replicas: "2/2" }, gpu, ...isReady })],
      [pod("upscaler-a", "upscaler", reportOf(1)), pod("upscaler-b", "upscaler", reportOf(1))],
      false,
    );
    const notes = topTable(claimed, 160).map(({ text }) => text.slice(text.indexOf("NVIDIA")));
    assert.deepEqual(notes.slice(2), ["NVIDIA A10, gpu-0-mig-1g10gb-19-0 1g.10gb MIG-1a", "NVIDIA A10, gpu-1"]);
    assert.deepEqual(
      claimed.services.flatMap(({ gpuAllocation, pods }) => [gpuAllocation, ...pods.map((row) => row.claimedDevices)]),
      [
        "ResourceClaim",
        [{ device: "gpu-0-mig-1g10gb-19-0", productName: null, profile: "1g.10gb", uuid: "MIG-1a" }],
        [{ device: "gpu-1", productName: null, profile: null, uuid: null }],
      ],
    );
  });

  for (let width = 80; width <= 160; width += 8) {
    it(`fits ${width} columns with long names, and keeps the figures and the ends of names`, () => {
      const name = "a-service-with-a-name-of-45-characters-in-all";
      const long = snapshot([service(name, isReady)], [pod(`${name}-7d9f8c6b5d-aaaaa`, name, reportOf(3))], true);
      for (const table of [topTable(busy, width), topTable(long, width)]) {
        const lines = table.map(({ text }) => text);
        assert.deepEqual(
          lines.filter((line) => line.length > width),
          [],
        );
      }
      const [title = "", , podLine = ""] = topTable(long, width).map(({ text }) => text);
      assert.match(title, /^NAME +GPU +GPU MEM +TEMP +POWER +RPS +P95 +QUEUE/);
      assert.match(podLine, /^ {2}a-s.*aaaaa +70% +17\/67Gi +63°C +420W +40 +14ms +2/);
    });
  }

  it("shows the problem of a pod once, in the pod's row", () => {
    const ended = { terminated: { exitCode: 4, message: "no such model" } };
    const status = { podIP: "10.0.0.1", containerStatuses: [{ name: "gpu-media", restartCount: 2, state: ended }] };
    const crashing = pod("a-1", "a", undefined, { status });
    const rows = (reason: string): readonly string[] => {
      const conditions = [{ type: "Ready", status: "False", reason, message: "0 of 1 replicas are ready" }];
      const table = topTable(snapshot([service("a", { conditions })], [crashing], false), 80);
      return table.slice(2).map(({ text }) => text);
    };
    assert.deepEqual(rows("CrashLoop"), ["  a-1  exited with code 4 (2 restarts): no such model"]);
    assert.deepEqual(rows("QuotaExceeded"), [
      "       0 of 1 replicas are ready",
      "  a-1  exited with code 4 (2 restarts): no such model",
    ]);
  });

  it("removes control characters from the name of a GPU", () => {
    const [device] = reportOf(1).gpus.devices;
    const report = {
      ...reportOf(1),
      gpus: {
        ...reportOf(1).gpus,
        devices: device === undefined ? [] : [{ ...device, name: "\u001B[2J\u0007evil\nname" }],
      },
    };
    const table = topTable(snapshot([service("a", isReady)], [pod("a-1", "a", report)], true), 160);
    assert.match(table.at(-1)?.text ?? "", /\[2Jevil name$/);
  });

  it("shows an unknown value as a dash", () => {
    const report = {
      ...reportOf(0),
      requests: { ...reportOf(0).requests, latencyMs: { p50: null, p95: null, p99: null } },
    };
    const [, line = ""] = topTable(snapshot([service("a", isReady)], [pod("a-1", "a", report)], false), 80).map(
      ({ text }) => text,
    );
    assert.match(line, /^a +- +- +- +- +40 +- +2$/);
  });
});

describe("a page of top", () => {
  const page = {
    snapshot: busy,
    at: new Date(2026, 0, 1, 12, 34, 56),
    trouble: undefined,
    place: 'context "admin", media',
    intervalMs: 5_000,
  };

  it("has a heading, and counts the lines that do not fit", () => {
    const lines = topPage(page, 80, 6).map(({ text }) => text);
    assert.deepEqual(
      [lines[0], lines.length, lines.at(-1)],
      [
        '12:34:56, every 5 s, q quits   2 services, 5 pods   context "admin", media',
        6,
        "… 8 more lines: pass a service name, or use --once",
      ],
    );
    assert.equal(topPage(page, 80, 40).length, 2 + topTable(busy, 80).length);
  });

  it("keeps the last table when the API server is unreachable, and shows the error", () => {
    const lines = topPage({ ...page, trouble: "cannot reach the API server: connect ECONNREFUSED" }, 80, 40);
    assert.deepEqual(lines[1], { is: "trouble", text: "cannot reach the API server: connect ECONNREFUSED" });
    assert.equal(lines.length, 2 + topTable(busy, 80).length);
  });
});
