/** PodMonitor of a service: prometheus-operator scrapes each of its pods. */
import { durationSeconds } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child, selectorLabels, withLabels } from "./child.ts";
import { httpPortName } from "./container.ts";

export function podMonitor(service: EffectiveService): Manifest | null {
  const { monitoring } = service;
  if (!monitoring.podMonitor) return null;
  const manifest = child(service, "podMonitor", {
    spec: {
      selector: { matchLabels: selectorLabels(service) },
      podMetricsEndpoints: [
        { port: httpPortName, path: "/metrics", interval: `${durationSeconds(monitoring.scrapeInterval)}s` },
      ],
    },
  });
  return withLabels(manifest, monitoring.labels);
}
