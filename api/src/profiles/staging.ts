/** The guide's staging setup: production's load on fewer GPUs. Other settings are those of production. */
import type { Changes } from "./development.ts";
import { chosen, ours } from "./sourced.ts";

export const staging: Changes = {
  processing: {
    logLevel: chosen("Staging", "info", "a regression has to be explained from the log of its run"),
  },
  autoscaling: {
    horizontal: {
      minReplicas: chosen("Staging", 2, "multi-GPU setup: two pods with a GPU each, the minimum of production"),
      maxReplicas: chosen(
        "Staging",
        4,
        "production-like load patterns: 2 to 4 replicas show scaling as well as 2 to 10, with fewer GPUs",
      ),
    },
    vertical: {
      mode: chosen(
        "Staging",
        "Off",
        "capacity planning validation: only recommendations, as resizing pods would distort the figures of a regression test",
      ),
    },
  },
  regression: { onRollout: chosen("Staging", true, "performance regression testing") },
  drain: { timeout: ours("60s", "the streams of a load test may be cut earlier than those of users") },
};
