import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import type { Manifest } from "../kube/object.ts";
import { sharedDashboard } from "./dashboard.ts";
import { operatorDashboard } from "./operator-dashboard.ts";
import { dashboardPlace, type SharedPlace } from "./rule-set.ts";
import { sampleService } from "./service.sample.ts";

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly annotations: object;
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly refId: string; readonly expr: string }[];
    readonly options: { readonly legend: object };
  }[];
}

function place(monitoring: NonNullable<GpuMediaServiceSpec["monitoring"]> = {}, namespace = "media"): SharedPlace {
  return dashboardPlace(sampleService({ monitoring }, "upscaler", namespace), "gpumedia-system");
}

function manifestOf(of: SharedPlace): Manifest & { readonly data: Readonly<Record<string, string>> } {
  return sharedDashboard(of) as ReturnType<typeof manifestOf>;
}

function rendered(of: SharedPlace = place()): Dashboard {
  return JSON.parse(Object.values(manifestOf(of).data)[0] ?? "") as Dashboard;
}

describe("dashboard of services", () => {
  it("is a ConfigMap with the label that Grafana's sidecar looks for, and without an owner", () => {
    const { data, ...rest } = manifestOf(place());
    assert.deepEqual(
      { files: Object.keys(data), ...rest },
      {
        files: ["gpumedia-services.json"],
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: {
          name: "gpumedia-services-dashboard",
          namespace: "gpumedia-system",
          labels: {
            grafana_dashboard: "1",
            "app.kubernetes.io/name": "gpumedia-services-dashboard",
            "app.kubernetes.io/managed-by": "gpumedia-operator",
            "app.kubernetes.io/part-of": "gpumedia",
            "gpumedia.io/shared": "monitoring",
          },
        },
      },
    );
  });

  // @grafana/grafana-foundation-sdk 0.0.21: Dashboard, VizLegendOptions.
  it("has the members that Grafana's schema requires", () => {
    const { annotations, panels } = rendered();
    assert.deepEqual(annotations, { list: [] });
    for (const { options } of panels) {
      const legend = { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] };
      assert.deepEqual(options.legend, legend);
    }
  });

  it("shows requests, replicas, live video and the guide's four GPU queries", () => {
    assert.deepEqual(
      rendered().panels.map((panel) => panel.title),
      ["Processing time", "Requests", "Load", "Replicas", "Memory", "CPU"].concat([
        "Live sessions",
        "Live frames",
        "Live frame latency",
        "GPU utilization",
        "GPU memory",
        "GPU temperature",
        "GPU power",
      ]),
    );
  });

  it("has the namespace and the service as variables, of services that pods export", () => {
    const queries = (board: Dashboard) =>
      board.templating.list.flatMap(({ name, query }) => (name === "datasource" ? [] : [[name, query]]));
    const service = ["service", 'label_values(gpumedia_slo_alerts{namespace="$namespace"}, service)'];
    assert.deepEqual(queries(rendered()), [["namespace", "label_values(gpumedia_slo_alerts, namespace)"], service]);
    assert.deepEqual(queries(rendered(place({ scope: "Namespace" }))), [
      ["namespace", 'label_values(gpumedia_slo_alerts{namespace="media"}, namespace)'],
      service,
    ]);
  });

  it("has a file and a uid of its own for each place, which Grafana accepts", () => {
    const places = [
      place(),
      place({ dashboardLabels: { team: "a" } }),
      place({ scope: "Namespace" }),
      place({ scope: "Namespace" }, "other"),
    ];
    const uids = places.map((of) => rendered(of).uid);
    assert.deepEqual([new Set(uids).size, uids[0]], [places.length, "gpumedia-services"]);
    for (const uid of uids) assert.match(uid, /^[\w-]{1,40}$/);
    assert.equal(new Set(places.flatMap((of) => Object.keys(manifestOf(of).data))).size, places.length);
  });
});

for (const [name, board] of [
  ["services", () => rendered()],
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
          ["A", "B", "C", "D"].slice(0, targets.length),
        );
      }
    });
  });
}
