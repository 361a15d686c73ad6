/** What Prometheus reads of the polls of the pods. */
import { Counter, Gauge, type Registry } from "prom-client";

export interface UtilizationMetrics {
  /** How many pods are asked. */
  readonly pods: (read: () => number) => void;
  readonly polled: (result: "reported" | "failed" | "foreign") => void;
}

export function utilizationMetrics(registry: Registry): UtilizationMetrics {
  let readPods = (): number => 0;
  const pods: Gauge = new Gauge({
    name: "gpumedia_utilization_pods",
    help: "Pods that are asked for their utilization; 0 on a standby",
    registers: [registry],
    collect: () => pods.set(readPods()),
  });
  const polls = new Counter({
    name: "gpumedia_utilization_polls_total",
    help: "Polls of pods by result",
    labelNames: ["result"],
    registers: [registry],
  });
  for (const result of ["reported", "failed", "foreign"]) polls.inc({ result }, 0);
  return {
    pods(read) {
      readPods = read;
    },
    polled: (result) => polls.inc({ result }),
  };
}
