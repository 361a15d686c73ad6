/** Does a Prometheus load an object of the service? If none does, what is to be set. */
import type { ObjectSelection, PrometheusView } from "../observe/prometheus-view.ts";
import { namespaceNameLabel, requirements } from "../plan/label-selector.ts";
import { isMet, requirementText, type Requirement } from "../plan/node-affinity.ts";

/** An object that prometheus-operator reads. */
export interface Selectable {
  readonly kind: "PodMonitor" | "PrometheusRule";
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

export type Selected =
  | { readonly by: PrometheusView }
  | { readonly reason: UnselectedReason; readonly message: string };
type UnselectedReason = "NoPrometheus" | "NotSelected" | "NamespaceNotKnown";

/** `prometheuses`: undefined while they are not known. */
export function selected(object: Selectable, prometheuses: readonly PrometheusView[] | undefined = []): Selected {
  const { kind } = object;
  const known = prometheuses.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map((one) => obstacles(object, one));
  const [easiest] = known.toSorted((a, b) => a.effort - b.effort);
  if (easiest === undefined) {
    const message = `no Prometheus object is known; check that what loads ${kind}s selects this one, by monitoring.labels`;
    return { reason: "NoPrometheus", message };
  }
  if (easiest.effort === 0) return { by: easiest.prometheus };
  return { reason: easiest.effort === 1 ? "NamespaceNotKnown" : "NotSelected", message: easiest.texts.join("; and ") };
}

interface Obstacles {
  readonly prometheus: PrometheusView;
  /** 0: it loads the object. 1: that depends on labels of the namespace. More: something must be changed. */
  readonly effort: number;
  readonly texts: readonly string[];
}

function obstacles({ kind, namespace, labels }: Selectable, prometheus: PrometheusView): Obstacles {
  const { labels: selector, namespaces } = kind === "PodMonitor" ? prometheus.podMonitors : prometheus.rules;
  const name = `Prometheus ${prometheus.key}`;
  if (selector === undefined) {
    const field = kind === "PodMonitor" ? "podMonitorSelector" : "ruleSelector";
    return { prometheus, effort: 4, texts: [`${name} loads no ${kind}, because its ${field} is not set`] };
  }
  const unmet = requirements(selector).filter((requirement) => !isMet(requirement, labels));
  const byLabels =
    unmet.length === 0
      ? []
      : [`set monitoring.labels to match ${unmet.map(textOf).join(", ")}: ${name} loads only such ${kind}s`];
  const { effort, texts } = namespaceObstacle(kind, namespace, namespaces, prometheus);
  return { prometheus, effort: effort + (byLabels.length === 0 ? 0 : 2), texts: [...byLabels, ...texts] };
}

function namespaceObstacle(
  kind: Selectable["kind"],
  namespace: string,
  selector: ObjectSelection["namespaces"],
  { key }: PrometheusView,
): Pick<Obstacles, "effort" | "texts"> {
  const field = kind === "PodMonitor" ? "podMonitorNamespaceSelector" : "ruleNamespaceSelector";
  if (selector === undefined) {
    const [own = ""] = key.split("/");
    if (own === namespace) return { effort: 0, texts: [] };
    return { effort: 3, texts: [`Prometheus ${key} loads ${kind}s of its own namespace only; set its ${field}`] };
  }
  const all = requirements(selector);
  const unmet = all.filter((one) => one.key === namespaceNameLabel && !isMet(one, { [namespaceNameLabel]: namespace }));
  if (unmet.length > 0) {
    const text = `Prometheus ${key} loads ${kind}s of namespaces with ${unmet.map(textOf).join(", ")} only; change its ${field}`;
    return { effort: 3, texts: [text] };
  }
  const open = all.filter((one) => one.key !== namespaceNameLabel);
  if (open.length === 0) return { effort: 0, texts: [] };
  const text = `check that namespace ${namespace} matches ${open.map(textOf).join(", ")}: Prometheus ${key} loads ${kind}s of such namespaces only`;
  return { effort: 1, texts: [text] };
}

/** As in a selector of kubectl: `release=stack`, `tier in (a,b)`. */
function textOf(requirement: Requirement): string {
  const { key = "", operator, values = [] } = requirement;
  return operator === "In" && values.length === 1 ? `${key}=${values[0]}` : requirementText(requirement);
}
