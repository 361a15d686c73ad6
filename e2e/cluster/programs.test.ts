import assert from "node:assert/strict";
import type { ClusterOptions } from "./options.ts";
import { apiServerParameters, controllerManagerParameters, schedulerParameters } from "./programs.ts";

/** The last value of a flag, which is the one that counts. */
function flag(parameters: readonly string[], name: string): string | undefined {
  return parameters.findLast((parameter) => parameter.startsWith(`--${name}=`))?.slice(name.length + 3);
}

describe("the options of a cluster", () => {
  const cases: readonly {
    readonly options: ClusterOptions;
    readonly flag: string;
    readonly value: string | undefined;
  }[] = [
    { options: {}, flag: "feature-gates", value: undefined },
    { options: { apiServer: { featureGates: { A: true, B: false } } }, flag: "feature-gates", value: "A=true,B=false" },
    { options: {}, flag: "enable-priority-and-fairness", value: "true" },
    { options: { apiServer: { priorityAndFairness: false } }, flag: "enable-priority-and-fairness", value: "false" },
    { options: { apiServer: { parameters: ["--event-ttl=1m"] } }, flag: "event-ttl", value: "1m" },
    {
      options: { apiServer: { parameters: ["--authorization-mode=Node"] } },
      flag: "authorization-mode",
      value: "Node",
    },
    { options: {}, flag: "horizontal-pod-autoscaler-sync-period", value: undefined },
    {
      options: { horizontalPodAutoscalerSyncPeriod: "1s" },
      flag: "horizontal-pod-autoscaler-sync-period",
      value: "1s",
    },
    { options: { nodeMonitor: { period: "1s", gracePeriod: "5s" } }, flag: "node-monitor-period", value: "1s" },
    { options: { nodeMonitor: { period: "1s", gracePeriod: "5s" } }, flag: "node-monitor-grace-period", value: "5s" },
    { options: { controllerManager: { parameters: ["--kube-api-qps=20"] } }, flag: "kube-api-qps", value: "20" },
    { options: { scheduler: { parameters: ["--v=4"] } }, flag: "v", value: "4" },
  ];
  for (const { options, flag: name, value } of cases) {
    it(`${JSON.stringify(options)}: --${name} is ${value ?? "left out"}`, () => {
      const all = [
        ...apiServerParameters(6443, options),
        ...controllerManagerParameters("file", options),
        ...schedulerParameters("file", options),
      ];
      // The scheduler's flags come last, and have some names in common with the controllers'.
      const own = options.scheduler === undefined ? all.slice(0, -schedulerParameters("file", options).length) : all;
      assert.equal(flag(own, name), value);
    });
  }
});
