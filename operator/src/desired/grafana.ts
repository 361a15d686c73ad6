/** The subset of Grafana's dashboard model that our dashboards use. */

export interface Series {
  readonly expr: string;
  /** May name labels: `{{pod}}`. */
  readonly legend: string;
  /** A target: a dashed line. */
  readonly isTarget?: true;
}

/** A choice at the top of a dashboard, of the values that a query returns. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly query: string;
  /** Adds the choice of all values, which is the first one. */
  readonly includeAll?: true;
}

export interface Panel {
  readonly title: string;
  readonly description: string;
  /** Grafana's name of the unit: `s`, `percent`, `reqps`, `bytes`, `celsius`, `watt`, `short`. */
  readonly unit: string;
  readonly series: readonly Series[];
}

interface Dashboard {
  /** Up to 40 characters. Importing a dashboard replaces the one with the same uid. */
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly panels: readonly Panel[];
  readonly variables: readonly Variable[];
}

const columns = 3;
const panelWidth = 24 / columns;
const panelHeight = 8;
/** `A`: Grafana names the queries of a panel by letters. */
const firstRefId = 65;

/** A variable, as a fixed data source would be valid in one cluster only. */
const datasource = { type: "prometheus", uid: "${datasource}" };

const dataSource = { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" };

/** Without `showLegend`, only Grafana's default for this panel shows the legend: the schema requires it since version 37. */
const legend = { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] };

function queryVariable({ name, label, query, includeAll }: Variable): object {
  const all = includeAll === undefined ? {} : { includeAll, current: { text: "All", value: "$__all" } };
  // 2: the values are read again when the time range changes.
  return { name, label, type: "query", datasource, query, refresh: 2, sort: 1, ...all };
}

/** Returns the dashboard's JSON for the ConfigMap of Grafana's sidecar. */
export function dashboardJson({ uid, title, tags, panels, variables }: Dashboard): string {
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
      templating: { list: [dataSource, ...variables.map(queryVariable)] },
      annotations: { list: [] },
      panels: panels.map(timeSeries),
    },
    null,
    1,
  )}\n`;
}

function timeSeries({ title, description, unit, series }: Panel, index: number): object {
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
      defaults: { unit, min: 0, custom: { fillOpacity: 10 } },
      overrides: series.filter(({ isTarget }) => isTarget === true).map(({ legend }) => targetLine(legend)),
    },
    options: { legend, tooltip: { mode: "multi", sort: "desc" } },
  };
}

function targetLine(legend: string): object {
  return {
    matcher: { id: "byName", options: legend },
    properties: [
      { id: "color", value: { mode: "fixed", fixedColor: "red" } },
      { id: "custom.lineStyle", value: { fill: "dash", dash: [10, 10] } },
      { id: "custom.fillOpacity", value: 0 },
    ],
  };
}
