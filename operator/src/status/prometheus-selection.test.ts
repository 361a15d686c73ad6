import assert from "node:assert/strict";
import type { LabelSelector, PrometheusView } from "../observe/prometheus-view.ts";
import { selected, type Selectable } from "./prometheus-selection.ts";
import { samplePrometheus } from "./status-input.sample.ts";

const rule: Selectable = { kind: "PrometheusRule", namespace: "media", labels: { team: "video" } };
const stack: LabelSelector = { matchLabels: { release: "stack" } };

function prometheus(
  labels: LabelSelector | undefined,
  namespaces: LabelSelector | undefined = {},
  key: PrometheusView["key"] = "monitoring/k8s",
): PrometheusView {
  return samplePrometheus({ key, rules: { labels, namespaces } });
}

/** The semantics of prometheus-operator 0.85: a selector that is not set selects nothing, or the own namespace. */
describe("whether a Prometheus loads a PrometheusRule", () => {
  const byLabel =
    "set monitoring.labels to match release=stack: Prometheus monitoring/k8s loads only such PrometheusRules";
  const cases: {
    readonly [title: string]: readonly [
      prometheuses: readonly PrometheusView[] | undefined,
      /** Its key, or the reason and the message. */
      expected: string | readonly [reason: string, message: string],
    ];
  } = {
    "it selects everything": [[prometheus({})], "monitoring/k8s"],
    "it selects the rule's label": [[prometheus({ matchLabels: { team: "video" } })], "monitoring/k8s"],
    "it selects an expression that the rule meets": [
      [prometheus({ matchExpressions: [{ key: "release", operator: "DoesNotExist" }] })],
      "monitoring/k8s",
    ],
    "it selects the release label of kube-prometheus-stack (prometheus-operator#3636)": [
      [prometheus(stack)],
      ["NotSelected", byLabel],
    ],
    "it selects by an expression": [
      [prometheus({ matchExpressions: [{ key: "tier", operator: "In", values: ["a", "b"] }] })],
      [
        "NotSelected",
        "set monitoring.labels to match tier in (a,b): Prometheus monitoring/k8s loads only such PrometheusRules",
      ],
    ],
    "it has no selector of rules": [
      [prometheus(undefined)],
      ["NotSelected", "Prometheus monitoring/k8s loads no PrometheusRule, because its ruleSelector is not set"],
    ],
    "it selects its own namespace, which is another one": [
      [samplePrometheus({ rules: { labels: {}, namespaces: undefined } })],
      [
        "NotSelected",
        "Prometheus monitoring/k8s loads PrometheusRules of its own namespace only; set its ruleNamespaceSelector",
      ],
    ],
    "it selects its own namespace, which is that of the rule": [
      [samplePrometheus({ key: "media/team", rules: { labels: {}, namespaces: undefined } })],
      "media/team",
    ],
    "it selects the namespace by name": [
      [prometheus({}, { matchLabels: { "kubernetes.io/metadata.name": "media" } })],
      "monitoring/k8s",
    ],
    "it selects another namespace by name": [
      [prometheus({}, { matchLabels: { "kubernetes.io/metadata.name": "other" } })],
      [
        "NotSelected",
        "Prometheus monitoring/k8s loads PrometheusRules of namespaces with kubernetes.io/metadata.name=other only; change its ruleNamespaceSelector",
      ],
    ],
    "it selects namespaces by labels, which the operator does not read": [
      [prometheus({}, { matchExpressions: [{ key: "monitoring", operator: "NotIn", values: ["off"] }] })],
      [
        "NamespaceNotKnown",
        "check that namespace media matches monitoring notin (off): Prometheus monitoring/k8s loads PrometheusRules of such namespaces only",
      ],
    ],
    "it selects both by labels": [
      [prometheus(stack, { matchLabels: { monitoring: "on" } })],
      [
        "NotSelected",
        `${byLabel}; and check that namespace media matches monitoring=on: Prometheus monitoring/k8s loads PrometheusRules of such namespaces only`,
      ],
    ],
    "one of two does": [[prometheus(stack), prometheus({}, {}, "monitoring/other")], "monitoring/other"],
    "neither of two does: the message is about the one that needs less": [
      [prometheus(undefined, {}, "a/a"), prometheus(stack)],
      ["NotSelected", byLabel],
    ],
    "there is none": [
      [],
      [
        "NoPrometheus",
        "no Prometheus object is known; check that what loads PrometheusRules selects this one, by monitoring.labels",
      ],
    ],
    "they are not known": [
      undefined,
      [
        "NoPrometheus",
        "no Prometheus object is known; check that what loads PrometheusRules selects this one, by monitoring.labels",
      ],
    ],
  };
  for (const [title, [prometheuses, expected]] of Object.entries(cases)) {
    it(title, () => {
      const found = selected(rule, prometheuses);
      assert.deepEqual("by" in found ? found.by.key : [found.reason, found.message], expected);
    });
  }

  it("a PodMonitor has selectors of its own", () => {
    const one = samplePrometheus({ podMonitors: { labels: undefined, namespaces: {} } });
    assert.deepEqual(selected({ ...rule, kind: "PodMonitor" }, [one]), {
      reason: "NotSelected",
      message: "Prometheus monitoring/k8s loads no PodMonitor, because its podMonitorSelector is not set",
    });
    assert.deepEqual(selected(rule, [one]), { by: one });
  });
});
