import assert from "node:assert/strict";
import type { DeviceCapacity } from "../observe/resource-slice-view.ts";
import { capacityTaken } from "./device-capacity.ts";

// Expected amounts: structured/internal/experimental/consumable_capacity_test.go of Kubernetes 1.35.
describe("what a claim takes of a device's capacity", () => {
  const values = ["1", "2", "4"];
  const cases: {
    readonly [title: string]: {
      readonly policy?: DeviceCapacity["requestPolicy"];
      readonly requested?: string;
      readonly taken: number | undefined;
    };
  } = {
    "all of it without a request": { taken: 8 },
    "what is requested": { requested: "3", taken: 3 },
    "nothing where more is requested than there is": { requested: "9", taken: undefined },
    "the default without a request": { policy: { default: "1", validValues: values }, taken: 1 },
    "the next valid value": { policy: { default: "1", validValues: values }, requested: "3", taken: 4 },
    "no value above the valid ones": {
      policy: { default: "1", validValues: values },
      requested: "5",
      taken: undefined,
    },
    "at least the minimum": { policy: { default: "2", validRange: { min: "2" } }, requested: "1", taken: 2 },
    "whole steps from the minimum": {
      policy: { default: "2", validRange: { min: "2", step: "3" } },
      requested: "4",
      taken: 5,
    },
    "no step above the maximum": {
      policy: { default: "2", validRange: { min: "2", max: "4", step: "3" } },
      requested: "4",
      taken: undefined,
    },
  };
  for (const [title, { policy, requested, taken }] of Object.entries(cases)) {
    it(`is ${title}`, () => {
      const capacity = { shares: { value: "8", ...(policy === undefined ? {} : { requestPolicy: policy }) } };
      const expected = taken === undefined ? undefined : { shares: taken };
      assert.deepEqual(capacityTaken(capacity, requested === undefined ? {} : { shares: requested }), expected);
    });
  }

  it("is nothing where the device lacks what is requested", () => {
    assert.equal(capacityTaken({}, { shares: "1" }), undefined);
  });
});
