import assert from "node:assert/strict";
import type { GpuMediaProfile } from "@gpumedia/api";
import { resolveProfile } from "./profiles.ts";

/** A profile that is only based on something, or on nothing. */
function profile(name: string, basedOn?: string): GpuMediaProfile {
  return {
    apiVersion: "gpumedia.io/v1alpha1",
    kind: "GpuMediaProfile",
    metadata: { name },
    spec: basedOn === undefined ? {} : { basedOn },
  };
}

describe("a profile's name", () => {
  const cases: {
    title: string;
    /** The cluster's objects: name, and what it is based on. */
    objects: readonly (readonly [name: string, basedOn?: string])[];
    name: string;
    /** The built-in one and the objects on it, or the error. */
    stands: object;
  }[] = [
    { title: "built in", objects: [], name: "staging", stands: { builtIn: "staging", objects: [] } },
    {
      title: "an object that is based on nothing lies on production",
      objects: [["big"]],
      name: "big",
      stands: { builtIn: "production", objects: ["big"] },
    },
    {
      title: "a chain, the nearest first",
      objects: [
        ["big", "team"],
        ["team", "development"],
      ],
      name: "big",
      stands: { builtIn: "development", objects: ["big", "team"] },
    },
    {
      title: "an object replaces the built-in one of its name",
      objects: [["staging"], ["big", "staging"]],
      name: "big",
      stands: { builtIn: "production", objects: ["big", "staging"] },
    },
    {
      title: "an object named production that is based on nothing lies on the built-in production",
      objects: [["production"]],
      name: "production",
      stands: { builtIn: "production", objects: ["production"] },
    },
    {
      title: "an object may change the built-in one that it replaces",
      objects: [["staging", "staging"]],
      name: "staging",
      stands: { builtIn: "staging", objects: ["staging"] },
    },
    {
      title: "unknown",
      objects: [],
      name: "huge",
      stands: {
        kind: "UnknownProfile",
        profile: "huge",
        suggestion: undefined,
        chain: ["huge"],
        message:
          "profile huge does not exist: create a GpuMediaProfile with that name, or use development, staging or production",
      },
    },
    {
      title: "misspelled",
      objects: [["big", "stagin"]],
      name: "big",
      stands: {
        kind: "UnknownProfile",
        profile: "stagin",
        suggestion: "staging",
        chain: ["big", "stagin"],
        message:
          "profile stagin does not exist (big, basedOn stagin; did you mean staging?): create a GpuMediaProfile with that name, or use development, staging or production",
      },
    },
    {
      title: "unknown further down: the chain says who needs it",
      objects: [
        ["big", "team"],
        ["team", "gone"],
      ],
      name: "big",
      stands: {
        kind: "UnknownProfile",
        profile: "gone",
        suggestion: undefined,
        chain: ["big", "team", "gone"],
        message:
          "profile gone does not exist (big, basedOn team, basedOn gone): create a GpuMediaProfile with that name, or use development, staging or production",
      },
    },
    {
      title: "a cycle",
      objects: [
        ["a", "b"],
        ["b", "c"],
        ["c", "b"],
      ],
      name: "a",
      stands: {
        kind: "ProfileCycle",
        chain: ["a", "b", "c", "b"],
        message: "profiles are based on each other: a -> b -> c -> b; change basedOn in one of them",
      },
    },
    {
      title: "based on itself, and not built in",
      objects: [["a", "a"]],
      name: "a",
      stands: {
        kind: "ProfileCycle",
        chain: ["a", "a"],
        message: "profiles are based on each other: a -> a; change basedOn in one of them",
      },
    },
  ];
  for (const { title, objects, name, stands } of cases) {
    it(title, () => {
      const resolved = resolveProfile(name, new Map(objects.map(([key, basedOn]) => [key, profile(key, basedOn)])));
      assert.deepEqual(
        resolved.kind === "Resolved"
          ? { builtIn: resolved.builtIn, objects: resolved.objects.map(({ metadata }) => metadata.name) }
          : resolved,
        stands,
      );
    });
  }
});
