/** Cases of a child: a service, and the whole child that it has. */
import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { parse } from "yaml";
import type { Manifest } from "../kube/object.ts";
import { childKind, childName, type NamedRole } from "../observe/child-kinds.ts";
import { desiredChildren } from "./children.ts";
import type { GpuRequest } from "../effective/gpu-request.ts";
import type { ClusterFeatures, GpuMetric } from "./context.ts";
import { sampleContext, sampleMetadata, sampleService } from "./service.sample.ts";

interface ChildCase {
  readonly spec?: GpuMediaServiceSpec;
  /** Default: all of them. */
  readonly features?: Partial<ClusterFeatures>;
  /** Default: Utilization. */
  readonly gpuMetric?: GpuMetric;
  /** Default: the extended resource. */
  readonly gpus?: GpuRequest;
  /** The whole child as YAML, without the metadata that all children share; null: it should not exist. */
  readonly expected: string | null;
}

export function describeChild(role: NamedRole, cases: Readonly<Record<string, ChildCase>>): void {
  describe(childKind(role).type.kind, () => {
    for (const [title, { spec, features, gpuMetric = "Utilization", gpus, expected }] of Object.entries(cases)) {
      it(title, () => {
        const context = {
          ...sampleContext,
          gpuMetric,
          ...(gpus === undefined ? {} : { gpus }),
          features: { ...sampleContext.features, ...features },
        };
        const found = desiredChildren(sampleService(spec), context).filter((child) => child.role === role);
        assert.deepEqual(
          found.map(({ manifest }) => manifest),
          [expected === null ? null : withSharedMetadata(role, parse(expected) as Partial<Manifest>)],
        );
      });
    }
  });
}

function withSharedMetadata(role: NamedRole, { metadata, ...rest }: Partial<Manifest>): object {
  const shared = sampleMetadata(childName(role, "upscaler"), role !== "deployment");
  return { ...rest, metadata: { ...shared, ...metadata, labels: { ...metadata?.labels, ...shared.labels } } };
}
