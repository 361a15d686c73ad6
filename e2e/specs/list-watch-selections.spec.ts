/** What a cache may select: it has the same objects as a list of the API server. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Selection } from "@gpumedia/operator/src/kube/client.ts";
import { clusterType, type KubeObject, type Manifest, type ResourceType } from "@gpumedia/operator/src/kube/object.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { createCache } from "@gpumedia/operator/src/runtime/cache.ts";
import { systemClock } from "@gpumedia/operator/src/runtime/clock.ts";
import { createLogger } from "@gpumedia/operator/src/runtime/log.ts";
import { apiServers, configMaps, connect, namespace, versionOf, type Upstream } from "./list-watch.fixture.ts";

for (const { title, boot } of apiServers) {
  describe(`a cache on an API server ${title}`, function () {
    this.timeout(120_000);
    let upstream: Upstream;
    const labelSelector = `test=${randomUUID()}`;
    const [key = "", value = ""] = labelSelector.split("=");
    const namespaces = clusterType("v1", "Namespace", "namespaces");
    const cases: Readonly<Record<string, readonly [type: ResourceType, selection: Selection, objects: number]>> = {
      "all namespaces": [configMaps, { labelSelector }, 4],
      "one namespace": [configMaps, { labelSelector, namespace }, 2],
      "one name": [configMaps, { namespace, fieldSelector: `metadata.name=${value}-1` }, 1],
      "the metadata alone": [configMaps, { labelSelector, metadataOnly: true }, 4],
      "the metadata of one name": [
        configMaps,
        { namespace, fieldSelector: `metadata.name=${value}-1`, metadataOnly: true },
        1,
      ],
      nothing: [configMaps, { labelSelector: "test=none" }, 0],
      "a kind of the cluster": [namespaces, { labelSelector }, 1],
      "custom resources": [serviceType, { labelSelector }, 2],
      "the metadata of custom resources": [serviceType, { labelSelector, metadataOnly: true }, 2],
    };

    let other = "";
    before(async () => {
      upstream = await connect(await boot());
      other = await upstream.cluster.newNamespace();
      const labels = { [key]: value };
      const options = { fieldManager: "spec", force: true };
      const apply = (manifest: Manifest, type: ResourceType): Promise<KubeObject> =>
        upstream.client.apply(type, manifest, options);
      await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: other, labels } }, namespaces);
      for (const index of [1, 2]) {
        for (const scope of [namespace, other]) {
          const metadata = { name: `${value}-${index}`, namespace: scope, labels };
          await apply({ apiVersion: "v1", kind: "ConfigMap", metadata }, configMaps);
        }
        const metadata = { name: `upscaler-${index}`, namespace: other, labels };
        await apply({ apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", metadata }, serviceType);
      }
    });

    after(async () => {
      const { rest } = upstream.cluster;
      const collections = [
        `/api/v1/namespaces/${namespace}/configmaps`,
        `/apis/gpumedia.io/v1alpha1/namespaces/${other}/gpumediaservices`,
      ];
      for (const path of collections) await rest.request("DELETE", `${path}?labelSelector=${labelSelector}`);
      await rest.request("DELETE", `/api/v1/namespaces/${other}`);
      await upstream[Symbol.asyncDispose]();
    });

    for (const [what, [type, selection, objects]] of Object.entries(cases)) {
      it(`selects ${what}`, async () => {
        const cache = createCache(upstream.client, type, {
          selection,
          project: versionOf,
          clock: systemClock,
          log: createLogger({ level: "silent" }),
        });
        const controller = new AbortController();
        const running = cache.run(controller.signal);
        await cache.store.whenSynced();
        const { items } = await upstream.client.list(type, selection);
        assert.deepEqual([...cache.store.values()].toSorted(), items.map(versionOf).toSorted());
        assert.equal(items.length, objects);
        controller.abort(new Error("the test has ended"));
        await running;
      });
    }
  });
}
