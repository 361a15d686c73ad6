/** Whatever drivers publish and claims hold: no device counts twice, and what is free and what is held is all there is. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { sampleService } from "../desired/service.sample.ts";
import { driver, sampleClaim, sampleDevice, sampleDra, sampleSlice } from "../observe/devices.sample.ts";
import { sampleNode } from "../observe/node-view.sample.ts";
import type { DevicePlace, ResourceSliceView } from "../observe/resource-slice-view.ts";
import { countGpus, gpuViewOf } from "./gpus.ts";

const names = ["a", "b", "c"];

const place = fc.oneof(
  fc.constantFrom<DevicePlace>(...names.map((node) => ({ node }))),
  fc.constant<DevicePlace>({ everywhere: true }),
  fc.constant<DevicePlace>({ terms: [{ matchExpressions: [{ key: "rack", operator: "In", values: ["a", "b"] }] }] }),
);

const slice: fc.Arbitrary<ResourceSliceView> = fc
  .record({
    pool: fc.constantFrom("p", "q", "r"),
    generation: fc.integer({ min: 1, max: 2 }),
    slices: fc.integer({ min: 1, max: 2 }),
    name: fc.constantFrom("s", "t", "u", "v"),
    place,
    devices: fc.uniqueArray(fc.constantFrom("0", "1", "2", "3"), { maxLength: 4 }),
  })
  .map(({ pool, generation, slices, name, place: at, devices }) =>
    sampleSlice(
      pool,
      devices.map((one) => sampleDevice(`${name}-${one}`)),
      {
        name: `${pool}-${name}`,
        place: at,
        pool: { name: pool, generation, slices },
      },
    ),
  );

const allocated = fc.record({
  pool: fc.constantFrom("p", "q", "r"),
  device: fc
    .tuple(fc.constantFrom("s", "t", "u", "v"), fc.constantFrom("0", "1", "2", "3"))
    .map((parts) => parts.join("-")),
});

const cluster = fc.record({
  slices: fc.uniqueArray(slice, { maxLength: 6, selector: ({ name }) => name }),
  allocated: fc.uniqueArray(allocated, { maxLength: 8, selector: ({ pool, device }) => `${pool}/${device}` }),
  plugins: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 3 }),
  ready: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
});

describe("the ledger of devices", () => {
  it("counts no device twice, and each as free or held", () => {
    fc.assert(
      fc.property(cluster, ({ slices, allocated: held, plugins, ready }) => {
        const nodes = names.map((name, index) => {
          const count = plugins[index] ?? 0;
          const allocatable: Readonly<Record<string, number>> = count === 0 ? {} : { "nvidia.com/gpu": count };
          return sampleNode({ name, labels: { rack: name }, ready: ready[index] ?? true, allocatable });
        });
        const claims = held.map(({ pool, device }, index) => sampleClaim(`pod-${index}`, [`${pool}/${device}`]));
        const dra = sampleDra({ slices, claims });
        const gpus = gpuViewOf(
          { kind: "ExtendedResource", resource: "nvidia.com/gpu", count: 1 },
          sampleService().scheduling,
          { synced: true, nodes: nodes.map((node) => ({ node, held: {} })), dra },
        );
        const counted = gpus.devices.flatMap(({ inventory }) =>
          (inventory?.slots ?? []).map(({ pool, device }) => `${pool.key}/${device.name}`),
        );
        assert.equal(new Set(counted).size, counted.length, "a device counts on two nodes");
        const taken = new Set(held.map(({ pool, device }) => `${driver}/${pool}/${device}`));
        for (const { node, allocatable, free, fits, holders, inventory } of gpus.devices) {
          const ofHolders = Object.values(holders).reduce((sum, count) => sum + count, 0);
          assert.equal(free + ofHolders, allocatable, node.name);
          assert.equal(fits, free, node.name);
          if (inventory === undefined) assert.equal(allocatable, node.allocatable["nvidia.com/gpu"]);
          else {
            const ids = inventory.slots.map(({ pool, device }) => `${pool.key}/${device.name}`);
            assert.equal(allocatable, ids.length);
            assert.equal(free, ids.filter((id) => !taken.has(id)).length);
          }
        }
        const all = countGpus(gpus);
        assert.ok(all.free <= all.allocatable && all.replicas === all.free);
      }),
    );
  });
});
