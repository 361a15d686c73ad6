/** The guide's development setup: one GPU and verbose logs. Other settings are those of production. */
import type { CompleteSpec } from "./complete.ts";
import { chosen, guide, ours, type SourcedTree } from "./sourced.ts";

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [Key in keyof T]?: DeepPartial<T[Key]> }
    : T;
export type Changes = SourcedTree<DeepPartial<CompleteSpec>>;

export const development: Changes = {
  gpu: { count: guide("Development", 1) },
  replicas: guide("Development", 1),
  processing: {
    logLevel: guide("Development", "debug"),
    accessLog: chosen("Development", true, "debug logging: each request is of interest"),
    batch: {
      maxSize: chosen("Development", 2, "smaller batch sizes: the minimum that still exercises batching"),
      maxDelay: ours("1ms", "one developer's requests are rarely concurrent: waiting for others only adds latency"),
    },
    queue: { maxDepth: ours(32, "a few requests are enough to provoke overload") },
    memoryCleanup: {
      interval: chosen("Development", "30s", "frequent garbage collection: a leak shows within a minute"),
    },
  },
  autoscaling: {
    horizontal: {
      enabled: guide("Development", false),
      minReplicas: guide("Development", 1),
      maxReplicas: guide("Development", 1),
    },
    vertical: { enabled: ours(false, "resizing a pod would interrupt debugging") },
  },
  monitoring: {
    alerts: ours(false, "a developer's pod must not page anyone"),
    dcgm: { enabled: ours(false, "an experiment must not change which metrics the cluster's exporters export") },
  },
  rollout: { strategy: ours("Recreate", "there is only one GPU, for which a second pod would wait") },
  drain: { timeout: ours("10s", "a change should take effect quickly") },
  podDisruptionBudget: { enabled: ours(false, "a single pod may be evicted with its node") },
};
