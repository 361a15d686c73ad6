import assert from "node:assert/strict";
import type { PrometheusView } from "../observe/prometheus-view.ts";
import { losesSharedRules, overlapMs, ownRule, type OwnRule, type OwnRuleInput } from "./own-rule.ts";

/** The rule of a service from an older operator, whose pods have exported their targets for a day. */
const upgraded: OwnRuleInput = {
  exportTargets: true,
  exportedForMs: 86_400_000,
  isLive: true,
  sharedForMs: 86_400_000,
  isSharedLoaded: true,
};

describe("the PrometheusRule of a single service", () => {
  const cases: Readonly<Record<string, readonly [change: Partial<OwnRuleInput>, expected: OwnRule]>> = {
    "is deleted once the shared rules have replaced it": [{}, { do: "delete" }],
    "stays while there are no shared rules": [{ sharedForMs: undefined }, { do: "leave" }],
    "stays while a Prometheus would lose its alerts": [{ isSharedLoaded: false }, { do: "leave" }],
    "stays until the shared alerts have had the time to fire": [
      { sharedForMs: overlapMs - 60_000 },
      { do: "leave", recheckMs: 60_000 },
    ],
    "stays until the shared alerts have had the targets for that time": [
      { exportedForMs: 60_000 },
      { do: "leave", recheckMs: overlapMs - 60_000 },
    ],
    "stays while no pod reports": [{ exportTargets: undefined }, { do: "leave" }],
    "is not needed by a new service": [{ isLive: false, sharedForMs: undefined, exportedForMs: 0 }, { do: "delete" }],
    "is not written before a pod has reported": [
      { isLive: false, exportTargets: undefined, exportedForMs: 0 },
      { do: "leave" },
    ],
    "is written at once for pods that export no targets": [
      { isLive: false, exportTargets: false, sharedForMs: undefined },
      { do: "write" },
    ],
    "replaces that of an older operator only after the overlap": [
      { exportTargets: false, sharedForMs: overlapMs - 1 },
      { do: "leave", recheckMs: 1 },
    ],
    "follows the spec of a service whose pods export no targets": [{ exportTargets: false }, { do: "write" }],
  };
  for (const [title, [change, expected]] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(ownRule({ ...upgraded, ...change }), expected));
  }
});

/** Rules of the namespace of prometheus-operator's API reference: null selects the own namespace, {} selects all. */
describe("a Prometheus that may lose the alerts of a service in media", () => {
  const cases: Readonly<
    Record<
      string,
      { change: Partial<PrometheusView>; labels?: object; namespaces?: object; shared?: string; loses: boolean }
    >
  > = {
    "loads rules of other labels only": {
      change: { key: "media/k8s" },
      labels: { matchLabels: { team: "x" } },
      loses: false,
    },
    "loads rules of these labels in the service's namespace": {
      change: { key: "media/k8s" },
      labels: { matchLabels: { release: "stack" } },
      loses: true,
    },
    "selects the service's namespace by its name": {
      change: {},
      namespaces: { matchLabels: { "kubernetes.io/metadata.name": "media" } },
      loses: true,
    },
    "selects both namespaces by their names": {
      change: {},
      namespaces: {
        matchExpressions: [
          { key: "kubernetes.io/metadata.name", operator: "In", values: ["media", "gpumedia-system"] },
        ],
      },
      loses: false,
    },
    "selects another namespace by its name": {
      change: {},
      namespaces: { matchLabels: { "kubernetes.io/metadata.name": "other" } },
      loses: false,
    },
    "loads the rules of all namespaces": { change: {}, namespaces: {}, loses: false },
    "loads all, and enforces the namespace of each rule": { change: { isEnforced: true }, namespaces: {}, loses: true },
    "loads the rules of the service's namespace only": { change: { key: "media/k8s" }, loses: true },
    "loads the rules of another namespace only": { change: {}, loses: false },
    "selects namespaces by labels": { change: {}, namespaces: { matchLabels: { team: "a" } }, loses: true },
    "loads no rules": {
      change: { key: "media/k8s", rules: { labels: undefined, namespaces: undefined } },
      loses: false,
    },
    "has the shared rules in the service's namespace": { change: { key: "media/k8s" }, shared: "media", loses: false },
  };
  for (const [title, { change, labels = {}, namespaces, shared = "gpumedia-system", loses }] of Object.entries(cases)) {
    it(`${title}: ${loses ? "yes" : "no"}`, () => {
      const loader: PrometheusView = {
        kind: "Prometheus",
        key: "monitoring/k8s",
        isEnforced: false,
        rules: { labels, namespaces },
        podMonitors: { labels: {}, namespaces: {} },
        ...change,
      };
      assert.equal(
        losesSharedRules([loader], { namespace: "media", labels: { release: "stack" } }, shared),
        loses ? loader : undefined,
      );
    });
  }
});
