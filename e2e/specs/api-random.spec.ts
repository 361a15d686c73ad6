/** Random specs: the check of a file and the API server agree, and the API server accepts the children. */
import assert from "node:assert/strict";
import { validateFile, type GpuMediaService } from "@gpumedia/api";
import { jsonSchema } from "@gpumedia/api/src/schema/json-schema.ts";
import { serviceSpec } from "@gpumedia/api/src/schema/kinds.ts";
import { arbitraryOf } from "@gpumedia/api/src/schema/spec.arbitrary.ts";
import { desiredChildren } from "@gpumedia/operator/src/desired/children.ts";
import { sampleContext } from "@gpumedia/operator/src/desired/service.sample.ts";
import { effectiveService } from "@gpumedia/operator/src/effective/effective.ts";
import { sample } from "fast-check";
import type { Cluster } from "../cluster/cluster.ts";
import { sharedCluster } from "../cluster/shared.ts";

const runs = 60;

describe("random specs on a real API server", () => {
  let cluster: Cluster;
  let namespace: string;

  before(async () => {
    cluster = await sharedCluster();
    namespace = await cluster.newNamespace("random");
  });

  it(`are accepted by the check of a file only if the API server accepts them and their children (${runs} specs)`, async () => {
    const specs = sample(arbitraryOf(jsonSchema(serviceSpec)), runs) as object[];
    let rendered = 0;
    for (const spec of specs) {
      // Profiles with random names do not exist.
      const { profile: _, ...rest } = spec as { profile?: string };
      const service = {
        apiVersion: "gpumedia.io/v1alpha1",
        kind: "GpuMediaService",
        metadata: { name: "upscaler", namespace },
        spec: rest,
      } satisfies GpuMediaService;
      const findings = validateFile.GpuMediaService(service);
      const error = await cluster.rest.refusal(
        `/apis/gpumedia.io/v1alpha1/namespaces/${namespace}/gpumediaservices`,
        service,
      );
      const details = `${JSON.stringify(rest)}: ${error}, ${JSON.stringify(findings)}`;
      assert.equal(error === "", findings.length === 0, details);
      if (findings.length > 0) continue;

      const effective = effectiveService(service, new Map(), {
        processorImage: "processor:1-cuda",
        processorImageCpu: "processor:1",
      });
      if (effective.kind !== "Effective") continue;
      for (const { kind, manifest } of desiredChildren(effective.service, sampleContext)) {
        if (manifest === null || kind.optional) continue;
        const { ownerReferences: _owner, ...metadata } = manifest.metadata;
        const { group, version, resource } = kind.type;
        const api = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
        const childError = await cluster.rest.refusal(`${api}/namespaces/${namespace}/${resource}`, {
          ...manifest,
          metadata,
        });
        assert.equal(childError, "", `${JSON.stringify(rest)}: ${childError}`);
        rendered++;
      }
    }
    assert.ok(rendered > runs, `only ${rendered} children`);
  });
});
