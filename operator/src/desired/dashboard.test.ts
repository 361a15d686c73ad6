import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { dashboard } from "./dashboard.ts";
import { operatorDashboard } from "./operator-dashboard.ts";
import { sampleMetadata, sampleService } from "./service.sample.ts";

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly refId: string; readonly expr: string }[];
  }[];
}

function rendered(spec?: GpuMediaServiceSpec, name?: string): Dashboard {
  const manifest = dashboard(sampleService(spec, name)) as unknown as { data: Readonly<Record<string, string>> };
  return JSON.parse(Object.values(manifest.data)[0] ?? "") as Dashboard;
}

describe("dashboard of a service", () => {
  it("is a ConfigMap with the label that Grafana's sidecar looks for", () => {
    const { data, ...rest } = dashboard(sampleService()) as unknown as { data: object };
    const metadata = sampleMetadata("upscaler-dashboard") as { labels: object };
    assert.deepEqual(
      { files: Object.keys(data), ...rest },
      {
        files: ["media-upscaler.json"],
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { ...metadata, labels: { ...metadata.labels, grafana_dashboard: "1" } },
      },
    );
  });

  it("is not created when it is off", () => {
    assert.equal(dashboard(sampleService({ monitoring: { dashboard: false } })), null);
  });

  const requests = ["Processing time", "Requests", "Load", "Replicas", "Memory", "CPU"];
  const gpus = ["GPU utilization", "GPU memory", "GPU temperature", "GPU power"];
  const panels: {
    readonly [title: string]: { readonly spec: GpuMediaServiceSpec; readonly titles: readonly string[] };
  } = {
    "shows requests, replicas and the guide's four GPU queries": { spec: {}, titles: [...requests, ...gpus] },
    "has no GPU panels without GPUs": { spec: { gpu: { count: 0 } }, titles: requests },
  };
  for (const [title, { spec, titles }] of Object.entries(panels)) {
    it(title, () => {
      assert.deepEqual(
        rendered(spec).panels.map((panel) => panel.title),
        titles,
      );
    });
  }

  it("has a unique, stable uid that Grafana accepts", () => {
    const uids = [rendered(), rendered({ slo: { memory: "1Gi" } }), rendered({}, "other")].map(({ uid }) => uid);
    assert.equal(uids[0], uids[1]);
    assert.notEqual(uids[0], uids[2]);
    for (const uid of uids) assert.match(uid, /^[\w-]{1,40}$/);
  });
});

for (const [name, board] of [
  ["a service", () => rendered()],
  ["the operator", () => JSON.parse(operatorDashboard()) as Dashboard],
] as const) {
  describe(`panels of the dashboard of ${name}`, () => {
    it("do not overlap, and are within Grafana's 24 columns", () => {
      const { panels } = board();
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
      );
      assert.equal(new Set(cells).size, cells.length);
      assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
    });

    it("have unique ids and letters", () => {
      const { panels } = board();
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
      for (const { targets } of panels) {
        assert.deepEqual(
          targets.map(({ refId }) => refId),
          ["A", "B", "C"].slice(0, targets.length),
        );
      }
    });
  });
}
