/** The subset of Grafana's dashboard model that our dashboards use. */

export interface Series {
  readonly expr: string;
  /** May name labels: `{{pod}}`. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  readonly description: string;
  /** Grafana's name of the unit: `s`, `percent`, `reqps`, `bytes`, `celsius`, `watt`, `short`. */
  readonly unit: string;
  readonly series: readonly Series[];
  /** Values from which the background is coloured. */
  readonly thresholds?: readonly Threshold[];
}

interface Threshold {
  /** Null: from minus infinity. */
  readonly value: number | null;
  readonly color: "green" | "yellow" | "red" | "transparent";
}

interface Dashboard {
  /** Up to 40 characters. Importing a dashboard replaces the one with the same uid. */
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly panels: readonly Panel[];
  /** Adds a variable `$job` with all jobs that run operators. */
  readonly jobVariable?: true;
}

const columns = 3;
const panelWidth = 24 / columns;
const panelHeight = 8;
/** `A`: Grafana names the queries of a panel by letters. */
const firstRefId = 65;

/** A variable, as a fixed data source would be valid in one cluster only. */
const datasource = { type: "prometheus", uid: "${datasource}" };

const dataSource = { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" };
const job = {
  name: "job",
  label: "Job",
  type: "query",
  datasource,
  query: "label_values(controller_runtime_reconcile_total, job)",
  refresh: 2,
  includeAll: true,
  current: { text: "All", value: "$__all" },
};

/** Returns the dashboard's JSON for the ConfigMap of Grafana's sidecar. */
export function dashboardJson({ uid, title, tags, panels, jobVariable }: Dashboard): string {
  return `${JSON.stringify(
    {
      uid,
      title,
      tags,
      schemaVersion: 39,
      editable: false,
      graphTooltip: 1,
      time: { from: "now-1h", to: "now" },
      refresh: "30s",
      templating: { list: [dataSource, ...(jobVariable === undefined ? [] : [job])] },
      panels: panels.map(timeSeries),
    },
    null,
    1,
  )}\n`;
}

function timeSeries({ title, description, unit, series, thresholds }: Panel, index: number): object {
  return {
    id: index + 1,
    type: "timeseries",
    title,
    description,
    datasource,
    gridPos: {
      x: (index % columns) * panelWidth,
      y: Math.floor(index / columns) * panelHeight,
      w: panelWidth,
      h: panelHeight,
    },
    targets: series.map(({ expr, legend }, target) => ({
      refId: String.fromCodePoint(firstRefId + target),
      datasource,
      expr,
      legendFormat: legend,
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(thresholds === undefined ? {} : { thresholds: { mode: "absolute", steps: thresholds } }),
        custom: { fillOpacity: 10, thresholdsStyle: { mode: thresholds === undefined ? "off" : "area" } },
      },
      overrides: [],
    },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
  };
}
