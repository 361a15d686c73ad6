/** Cases of a child: the service that it is of, and the whole of it. */
import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { parse } from "yaml";
import { desiredChildren } from "./children.ts";
import type { Rollout, ClusterFeatures } from "./context.ts";
import { sampleContext, sampleService } from "./service.sample.ts";

interface ChildCase {
  readonly title: string;
  readonly spec?: GpuMediaServiceSpec;
  /** What the cluster offers; everything if absent. */
  readonly features?: ClusterFeatures;
  readonly rollout?: Rollout;
  /** Its whole YAML; null: it should not be. */
  readonly expected: string | null;
}

/** `name`: which one of several children of this kind. */
export function describeChild(kind: string, cases: readonly ChildCase[], name?: string): void {
  describe(kind, () => {
    for (const { title, spec, features = sampleContext.features, rollout = "Surge", expected } of cases) {
      it(title, () => {
        const context = { ...sampleContext, features, rollout };
        const found = desiredChildren(sampleService(spec), context).filter(
          (child) => child.kind.type.kind === kind && (name === undefined || child.name === name),
        );
        assert.deepEqual(
          found.map(({ manifest }) => manifest),
          [expected === null ? null : parse(expected)],
        );
      });
    }
  });
}
