/** Specs at random: the file check says what the API server says, and takes no child that the API server refuses. */
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

describe("specs at random on a real API server", () => {
  let cluster: Cluster;
  let namespace: string;

  before(async () => {
    cluster = await sharedCluster();
    namespace = await cluster.newNamespace("random");
  });

  it(`${runs} of them are judged by the file check as by the server, and so are their children`, async () => {
    const specs = sample(arbitraryOf(jsonSchema(serviceSpec)), runs) as object[];
    let rendered = 0;
    for (const spec of specs) {
      // The profile's name is left out: objects with such names there are not.
      const { profile: _, ...rest } = spec as { profile?: string };
      const service = {
        apiVersion: "gpumedia.io/v1alpha1",
        kind: "GpuMediaService",
        metadata: { name: "upscaler", namespace },
        spec: rest,
      } satisfies GpuMediaService;
      const findings = validateFile.GpuMediaService(service);
      const told = await cluster.rest.refusal(
        `/apis/gpumedia.io/v1alpha1/namespaces/${namespace}/gpumediaservices`,
        service,
      );
      assert.equal(told === "", findings.length === 0, `${JSON.stringify(rest)}: ${told}, ${JSON.stringify(findings)}`);
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
        const child = await cluster.rest.refusal(`${api}/namespaces/${namespace}/${resource}`, {
          ...manifest,
          metadata,
        });
        assert.equal(child, "", `${JSON.stringify(rest)}: ${child}`);
        rendered++;
      }
    }
    assert.ok(rendered > runs, `only ${rendered} children could be tried`);
  });
});
