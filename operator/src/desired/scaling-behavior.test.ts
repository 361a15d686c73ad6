import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import type { ClusterFeatures } from "./context.ts";
import { scalingBehavior, unsupportedBehavior } from "./scaling-behavior.ts";
import { guideBehavior, sampleContext, sampleService } from "./service.sample.ts";

type Horizontal = NonNullable<NonNullable<GpuMediaServiceSpec["autoscaling"]>["horizontal"]>;

function service(horizontal: Horizontal) {
  return sampleService({ autoscaling: { horizontal } });
}

describe("the behavior of an autoscaler", () => {
  const up: Horizontal = { behavior: { scaleUp: { tolerance: "0.05" } } };
  const down: Horizontal = { behavior: { scaleDown: { tolerance: 0 } } };

  it("has the tolerances as the API server stores them, and none by default", () => {
    const { scaleUp, scaleDown } = guideBehavior;
    assert.deepEqual(scalingBehavior(service({})), guideBehavior);
    assert.deepEqual(scalingBehavior(service(up)), { scaleUp: { ...scaleUp, tolerance: "50m" }, scaleDown });
    assert.deepEqual(scalingBehavior(service(down)), { scaleUp, scaleDown: { ...scaleDown, tolerance: "0" } });
  });

  const tooOld = ": requires Kubernetes 1.35 or newer; remove it, or upgrade the cluster";
  const path = "autoscaling.horizontal.behavior";
  const cases: {
    readonly [title: string]: {
      readonly horizontal: Horizontal;
      readonly features: Partial<ClusterFeatures>;
      readonly problem: string | undefined;
    };
  } = {
    "without a tolerance is supported everywhere": {
      horizontal: {},
      features: { hpaTolerance: false },
      problem: undefined,
    },
    "with a tolerance is supported since Kubernetes 1.35": { horizontal: up, features: {}, problem: undefined },
    "is rejected when the cluster is older": {
      horizontal: up,
      features: { hpaTolerance: false },
      problem: `${path}.scaleUp.tolerance${tooOld}`,
    },
    "is rejected for scaling down, too": {
      horizontal: down,
      features: { hpaTolerance: false },
      problem: `${path}.scaleDown.tolerance${tooOld}`,
    },
    "does not matter while nothing scales": {
      horizontal: { ...up, enabled: false },
      features: { hpaTolerance: false },
      problem: undefined,
    },
    "is rejected for KEDA's autoscaler, too": {
      horizontal: { ...up, provider: "KEDA" },
      features: { hpaTolerance: false },
      problem: `${path}.scaleUp.tolerance${tooOld}`,
    },
  };
  for (const [title, { horizontal, features, problem }] of Object.entries(cases)) {
    it(title, () => {
      assert.equal(unsupportedBehavior(service(horizontal), { ...sampleContext.features, ...features }), problem);
    });
  }
});
