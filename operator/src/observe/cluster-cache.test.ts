import assert from "node:assert/strict";
import { once } from "node:events";
import type { ApiClient, WatchEvent } from "../kube/client.ts";
import { Apis } from "../kube/discovery.ts";
import { initialEventsEnd, storedObject } from "../kube/object.sample.ts";
import { apiVersionOf, type KubeObject, type ResourceType } from "../kube/object.ts";
import { FakeClock, settle } from "../runtime/clock.fake.ts";
import { createLogger } from "../runtime/log.ts";
import { ClusterCache } from "./cluster-cache.ts";
import { deviceClassType } from "./device-class-view.ts";
import { deviceTaintRuleType } from "./device-taint-rule-view.ts";
import { gatewayType } from "./gateway-view.ts";
import { prometheusType, thanosRulerType } from "./prometheus-view.ts";
import { resourceClaimType } from "./resource-claim-view.ts";
import { resourceSliceType } from "./resource-slice-view.ts";

const driver = "gpu.example.com";
const specs: Readonly<Record<string, object>> = {
  DeviceTaintRule: { taint: { key: "broken", effect: "NoSchedule" } },
  ResourceSlice: {
    driver,
    pool: { name: "node", generation: 1, resourceSliceCount: 1 },
    nodeName: "node",
    devices: [{ name: "gpu-0" }],
  },
};

function sample(type: ResourceType, resourceVersion = "1"): KubeObject {
  const object = { ...storedObject({ name: "a", resourceVersion }), apiVersion: apiVersionOf(type), kind: type.kind };
  return Object.assign(object, { spec: specs[type.kind] });
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

  it("watch a kind again that has vanished and returned before its list-watch has ended", async () => {
    const synced: boolean[] = [];
    await follow(gatewayType);
    for (const types of [[], [gatewayType], [], [gatewayType], [gatewayType]]) {
      cache.followOptional(new Apis(types), controller.signal, () => {
        synced.push(cache.knownGateways() !== undefined);
      });
      assert.equal(cache.knownGateways(), undefined, "the objects of the kind that has vanished");
    }
    await settle();
    assert.equal(cache.knownGateways()?.size, 1);
    assert.equal(synced.at(-1), true);
  });

  it("do not watch a kind that has vanished again before its first list-watch has ended", async () => {
    await follow(gatewayType);
    for (const types of [[], [gatewayType], []]) {
      cache.followOptional(new Apis(types), controller.signal, () => {});
    }
    await settle();
    assert.equal(cache.knownGateways(), undefined);
    assert.equal(cache.gateways.size, 0);
  });

  it("count no rule of device taints whose API alone has vanished, and count it again once it is back", async () => {
    const dra = [deviceClassType, resourceSliceType, resourceClaimType];
    const taints = (): unknown =>
      cache.gpuSnapshot().dra?.pools.map(({ slices }) => slices[0]?.devices[0]?.taints.map(({ key }) => key));
    await follow(...dra, deviceTaintRuleType);
    assert.deepEqual(taints(), [["broken"]]);
    await follow(...dra);
    assert.deepEqual(taints(), [[]]);
    await follow(...dra, deviceTaintRuleType);
    assert.deepEqual(taints(), [["broken"]]);
  });

  it("know all devices again when one API of DRA has vanished and returned", async () => {
    const kept = [deviceClassType, resourceSliceType];
    await follow(...kept, resourceClaimType);
    const before = cache.gpuSnapshot().dra;
    assert.equal(before?.pools.length, 1);
    await follow(...kept);
    assert.equal(cache.gpuSnapshot().dra, undefined);
    await follow(...kept, resourceClaimType);
    assert.deepEqual(cache.gpuSnapshot().dra, before);
  });
});
