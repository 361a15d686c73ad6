/** Performance regression tests (guide, Staging). */
import { flag, oneOf, settings } from "../scalars.ts";
import { Type } from "typebox";

export const regression = settings(
  { description: "Load tests that are run by themselves." },
  {
    onRollout: flag("After each rollout a GpuMediaLoadTest runs, and is compared with the last one that passed."),
    scenario: oneOf(["baseline", "stress", "endurance"], "Which of the guide's scenarios."),
    tolerancePercent: Type.Number({ description: "How much worse is still as good, in %.", minimum: 0, maximum: 100 }),
  },
);
