/** The guide's staging setup: production's load on fewer GPUs. What is not here is as in production. */
import type { Changes } from "./development.ts";
import { chosen, ours } from "./sourced.ts";

export const staging: Changes = {
  processing: {
    logLevel: chosen("Staging", "info", "a regression has to be explained from the log of the run that showed it"),
  },
  autoscaling: {
    horizontal: {
      minReplicas: chosen("Staging", 2, "multi-GPU setup: two pods with a GPU each, as production has at least"),
      maxReplicas: chosen(
        "Staging",
        4,
        "production-like load patterns: scaling shows as 2 to 4 just as well as 2 to 10, for fewer GPUs",
      ),
    },
    vertical: {
      mode: chosen(
        "Staging",
        "Off",
        "capacity planning validation: recommendations are read; pods resized in a regression test would spoil its figures",
      ),
    },
  },
  regression: { onRollout: chosen("Staging", true, "performance regression testing") },
  drain: { timeout: ours("60s", "the streams of a load test can be cut sooner than those of users") },
};
