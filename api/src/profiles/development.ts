/** The guide's development setup: one GPU, everything visible. What is not here is as in production. */
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
      maxSize: chosen("Development", 2, "smaller batch sizes: the least that still goes through the batching code"),
      maxDelay: ours("1ms", "one developer's requests rarely meet: waiting for others only adds latency"),
    },
    queue: { maxDepth: ours(32, "overload shows with a handful of requests") },
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
    vertical: { enabled: ours(false, "a pod that is resized under a debugger helps nobody") },
  },
  monitoring: {
    alerts: ours(false, "a developer's pod must wake nobody"),
    dcgm: { enabled: ours(false, "what a developer tries must not change what the cluster's exporters export") },
  },
  rollout: { strategy: ours("Recreate", "there is one GPU: a second pod would wait for it") },
  drain: { timeout: ours("10s", "a change should be seen at once") },
  podDisruptionBudget: { enabled: ours(false, "a single pod may go with its node") },
};
