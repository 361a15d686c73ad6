/** The metrics of collecting the pods' utilization reports. */
import { Counter, Gauge, type Registry } from "prom-client";

export interface UtilizationMetrics {
  /** Sets where the number of pods is read from at each scrape. */
  readonly pods: (read: () => number) => void;
  readonly polled: (result: "reported" | "failed" | "foreign") => void;
}

export function utilizationMetrics(registry: Registry): UtilizationMetrics {
  let readPods = (): number => 0;
  const pods: Gauge = new Gauge({
    name: "gpumedia_utilization_pods",
    help: "Number of pods whose utilization reports are collected; 0 on a standby",
    registers: [registry],
    collect: () => pods.set(readPods()),
  });
  const polls = new Counter({
    name: "gpumedia_utilization_polls_total",
    help: "Number of polls of pods, by result",
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
