import assert from "node:assert/strict";
import { once } from "node:events";
import type { ApiClient, WatchEvent } from "../kube/client.ts";
import { Apis } from "../kube/discovery.ts";
import { initialEventsEnd, storedObject } from "../kube/object.sample.ts";
import { apiVersionOf, type KubeObject, type ResourceType } from "../kube/object.ts";
import { FakeClock, settle } from "../runtime/clock.fake.ts";
import { createLogger } from "../runtime/log.ts";
import { ClusterCache } from "./cluster-cache.ts";
import { gatewayType } from "./gateway-view.ts";
import { prometheusType, thanosRulerType } from "./prometheus-view.ts";

function sample(type: ResourceType, resourceVersion = "1"): KubeObject {
  return { ...storedObject({ name: "a", resourceVersion }), apiVersion: apiVersionOf(type), kind: type.kind };
}

/** Has one object of each kind. */
const client: Pick<ApiClient, "list" | "watch"> = {
  list: () => Promise.reject(new Error("unexpected list")),
  async *watch(type, { signal }): AsyncGenerator<WatchEvent> {
    yield { type: "ADDED", object: sample(type) };
    yield initialEventsEnd(7);
    await once(signal, "abort");
  },
};

describe("the caches of a cluster", () => {
  let cache: ClusterCache;
  let controller: AbortController;
  const follow = async (...types: readonly ResourceType[]): Promise<void> => {
    cache.followOptional(new Apis(types), controller.signal, () => {});
    await settle();
  };

  beforeEach(() => {
    const log = createLogger({ level: "silent" });
    cache = new ClusterCache({ client, namespaces: [], operatorNamespace: "system", clock: new FakeClock(), log });
    controller = new AbortController();
  });
  afterEach(async () => {
    controller.abort(new Error("the test has ended"));
    await settle();
  });

  it("return the same Gateways, Prometheuses and ThanosRulers until one changes", async () => {
    await follow(gatewayType, prometheusType, thanosRulerType);
    const read = (): readonly unknown[] => [cache.knownGateways(), cache.knownPrometheuses(), cache.ruleLoaders()];
    const sameAs = (before: readonly unknown[]): boolean[] => read().map((value, index) => value === before[index]);
    let before = read();
    assert.deepEqual(sameAs(before), [true, true, true]);
    cache.thanosRulers.observeWrite(sample(thanosRulerType, "8"));
    assert.deepEqual(sameAs(before), [true, true, false]);
    before = read();
    cache.gateways.observeWrite(sample(gatewayType, "8"));
    cache.prometheuses.observeWrite(sample(prometheusType, "8"));
    assert.deepEqual(sameAs(before), [false, false, false]);
  });

  it("return rule loaders of the kinds that are served", async () => {
    const kinds = (): readonly string[] | undefined => cache.ruleLoaders()?.map(({ kind }) => kind);
    assert.deepEqual([kinds(), cache.knownPrometheuses()], [[], undefined]);
    await follow(prometheusType, thanosRulerType);
    assert.deepEqual(kinds(), ["Prometheus", "ThanosRuler"]);
    cache.followOptional(new Apis([thanosRulerType]), controller.signal, () => {});
    assert.deepEqual([kinds(), cache.knownPrometheuses()], [["ThanosRuler"], undefined]);
    await settle();
    await follow(prometheusType, thanosRulerType);
    assert.deepEqual(kinds(), ["Prometheus", "ThanosRuler"]);
  });
});
