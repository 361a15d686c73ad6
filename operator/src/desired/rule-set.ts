/**
 * Where the rules and the dashboard that services share are. Services of one scope and with the same labels share one object:
 * another Prometheus or Grafana may select each of them.
 */
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import { sharedDashboardName, sharedRulesName } from "../observe/names.ts";

type Monitored = Pick<EffectiveService, "namespace" | "monitoring">;

export interface SharedPlace {
  readonly namespace: string;
  readonly name: string;
  /** By which Prometheus or Grafana's sidecar select the object. */
  readonly labels: Readonly<Record<string, string>>;
  /** The only namespace whose services share it; undefined: all that the operator watches. */
  readonly only: string | undefined;
}

/** The PrometheusRule with the alerts of a service. */
export function rulesPlace(service: Monitored, operatorNamespace: string): SharedPlace {
  const { labels } = service.monitoring;
  return place(service, operatorNamespace, sharedRulesName, labels, {});
}

/** The ConfigMap with the dashboard of a service. */
export function dashboardPlace(service: Monitored, operatorNamespace: string): SharedPlace {
  const { dashboardLabels } = service.monitoring;
  return place(service, operatorNamespace, sharedDashboardName, dashboardLabels, { grafana_dashboard: "1" });
}

function place(
  { namespace, monitoring: { scope } }: Monitored,
  operatorNamespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  usual: Readonly<Record<string, string>>,
): SharedPlace {
  return {
    namespace: scope === "Cluster" ? operatorNamespace : namespace,
    // A name that does not depend on which other labels are in use: objects would otherwise move when a service appears.
    name: isSame(labels, usual) ? name : `${name}-${hexadecimal(digest(labels))}`,
    labels,
    only: scope === "Cluster" ? undefined : namespace,
  };
}

/** `namespace/name`: the value of the label `rules` of the series that pods export. */
export function placeKey({ namespace, name }: SharedPlace): `${string}/${string}` {
  return `${namespace}/${name}`;
}

function isSame(a: SharedPlace["labels"], b: SharedPlace["labels"]): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Names of objects have no capitals. */
function hexadecimal(text: string): string {
  return Buffer.from(text, "base64url").toString("hex").slice(0, 8);
}
