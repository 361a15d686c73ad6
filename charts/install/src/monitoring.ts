/** Monitoring of the operator itself. */
import { operatorDashboard } from "@gpumedia/operator/src/desired/operator-dashboard.ts";
import type { Manifest } from "@gpumedia/operator/src/kube/object.ts";
import { object, selectorLabels, type Installation } from "./release.ts";

export function podMonitor(installation: Installation): Manifest | null {
  const { enabled, labels: moreLabels } = installation.values.monitoring.podMonitor;
  if (!enabled) return null;
  const spec = {
    selector: { matchLabels: selectorLabels(installation) },
    podMetricsEndpoints: [{ port: "metrics", path: "/metrics", interval: "30s" }],
  };
  return object(installation, "monitoring.coreos.com/v1", "PodMonitor", { spec }, { moreLabels });
}

export const dashboardFile = "gpumedia-operator.json";

export function dashboard(installation: Installation): Manifest | null {
  const { enabled, labels: moreLabels } = installation.values.monitoring.dashboard;
  if (!enabled) return null;
  const body = { data: { [dashboardFile]: operatorDashboard() } };
  return object(installation, "v1", "ConfigMap", body, { name: `${installation.name}-dashboard`, moreLabels });
}
