/** What the operator reads of a Prometheus or ThanosRuler of prometheus-operator: which rules and PodMonitors it selects. */
import { namespacedType, objectKey, type KubeObject, type ObjectKey } from "../kube/object.ts";

export const prometheusType = namespacedType("monitoring.coreos.com/v1", "Prometheus", "prometheuses");

export const thanosRulerType = namespacedType("monitoring.coreos.com/v1", "ThanosRuler", "thanosrulers");

export interface PrometheusView {
  readonly kind: string;
  readonly key: ObjectKey;
  /** It restricts each rule to the series of the rule's own namespace (`enforcedNamespaceLabel`). */
  readonly isEnforced: boolean;
  readonly rules: ObjectSelection;
  readonly podMonitors: ObjectSelection;
}

/** @see https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusSpec */
export interface ObjectSelection {
  /** Undefined selects nothing, an empty one everything. */
  readonly labels: LabelSelector | undefined;
  /** By their labels. Undefined selects the namespace of the Prometheus, an empty one all. */
  readonly namespaces: LabelSelector | undefined;
}

/** `metav1.LabelSelector`. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

interface Prometheus extends KubeObject {
  readonly spec?: {
    readonly ruleSelector?: LabelSelector;
    readonly ruleNamespaceSelector?: LabelSelector;
    readonly podMonitorSelector?: LabelSelector;
    readonly podMonitorNamespaceSelector?: LabelSelector;
    readonly enforcedNamespaceLabel?: string;
  };
}

export function viewPrometheus(object: KubeObject): PrometheusView {
  const { spec = {} } = object as Prometheus;
  return {
    kind: object.kind,
    key: objectKey(object),
    isEnforced: (spec.enforcedNamespaceLabel ?? "") !== "",
    rules: { labels: spec.ruleSelector, namespaces: spec.ruleNamespaceSelector },
    podMonitors: { labels: spec.podMonitorSelector, namespaces: spec.podMonitorNamespaceSelector },
  };
}
