import assert from "node:assert/strict";
import type { GpuMediaProfile } from "@gpumedia/api";
import { resolveProfile } from "./profiles.ts";

function profile(name: string, basedOn?: string): GpuMediaProfile {
  return {
    apiVersion: "gpumedia.io/v1alpha1",
    kind: "GpuMediaProfile",
    metadata: { name },
    spec: basedOn === undefined ? {} : { basedOn },
  };
}

describe("the name of a profile", () => {
  const cases: {
    readonly [title: string]: {
      /** The GpuMediaProfile objects of the cluster. */
      objects: readonly (readonly [name: string, basedOn?: string])[];
      name: string;
      /** The built-in profile and the objects above it, or the error. */
      resolved: object;
    };
  } = {
    "built in": { objects: [], name: "staging", resolved: { builtIn: "staging", objects: [] } },
    "an object without basedOn is based on production": {
      objects: [["big"]],
      name: "big",
      resolved: { builtIn: "production", objects: ["big"] },
    },
    "a chain, the nearest first": {
      objects: [
        ["big", "team"],
        ["team", "development"],
      ],
      name: "big",
      resolved: { builtIn: "development", objects: ["big", "team"] },
    },
    "an object replaces the built-in one of its name": {
      objects: [["staging"], ["big", "staging"]],
      name: "big",
      resolved: { builtIn: "production", objects: ["big", "staging"] },
    },
    "an object named production without basedOn is based on the built-in production": {
      objects: [["production"]],
      name: "production",
      resolved: { builtIn: "production", objects: ["production"] },
    },
    "an object may be based on the built-in one that it replaces": {
      objects: [["staging", "staging"]],
      name: "staging",
      resolved: { builtIn: "staging", objects: ["staging"] },
    },
    unknown: {
      objects: [],
      name: "huge",
      resolved: {
        kind: "UnknownProfile",
        profile: "huge",
        suggestion: undefined,
        chain: ["huge"],
        message:
          "profile huge does not exist: create a GpuMediaProfile with that name, or use development, staging or production",
      },
    },
    misspelled: {
      objects: [["big", "stagin"]],
      name: "big",
      resolved: {
        kind: "UnknownProfile",
        profile: "stagin",
        suggestion: "staging",
        chain: ["big", "stagin"],
        message:
          "profile stagin does not exist (big, basedOn stagin; did you mean staging?): create a GpuMediaProfile with that name, or use development, staging or production",
      },
    },
    "unknown further down: the message has the chain": {
      objects: [
        ["big", "team"],
        ["team", "gone"],
      ],
      name: "big",
      resolved: {
        kind: "UnknownProfile",
        profile: "gone",
        suggestion: undefined,
        chain: ["big", "team", "gone"],
        message:
          "profile gone does not exist (big, basedOn team, basedOn gone): create a GpuMediaProfile with that name, or use development, staging or production",
      },
    },
    "a cycle": {
      objects: [
        ["a", "b"],
        ["b", "c"],
        ["c", "b"],
      ],
      name: "a",
      resolved: {
        kind: "ProfileCycle",
        chain: ["a", "b", "c", "b"],
        message: "profiles are based on each other: a -> b -> c -> b; change basedOn in one of them",
      },
    },
    "based on itself, and not built in": {
      objects: [["a", "a"]],
      name: "a",
      resolved: {
        kind: "ProfileCycle",
        chain: ["a", "a"],
        message: "profiles are based on each other: a -> a; change basedOn in one of them",
      },
    },
  };
  for (const [title, { objects, name, resolved }] of Object.entries(cases)) {
    it(title, () => {
      const found = resolveProfile(name, new Map(objects.map(([key, basedOn]) => [key, profile(key, basedOn)])));
      assert.deepEqual(
        found.kind === "Resolved"
          ? { builtIn: found.builtIn, objects: found.objects.map(({ metadata }) => metadata.name) }
          : found,
        resolved,
      );
    });
  }
});
