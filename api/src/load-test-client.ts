/** What the load-test client needs of this package, without its schemas: they would take half of the client's start. */
export type {
  LoadTestFigures,
  LoadTestMetric,
  LoadTestRegression,
  LoadTestResult,
  MeasuredResult,
  UnreachableResult,
} from "./load-test-result/schema.ts";
export { loadTestResultVersion } from "./load-test-result/version.ts";
export { formatMetric, loadTestMetrics, meets, type MetricDefinition } from "./load-test-result/metrics.ts";
export {
  compareFigures,
  comparedFigures,
  regressionReasons,
  type ComparedFigures,
} from "./load-test-result/regression.ts";
export { formatMs, formatPercent, formatRate, significant } from "./units/format.ts";
