import assert from "node:assert/strict";
import { profile } from "./effective.sample.ts";
import { resolveProfile } from "./profiles.ts";

describe("the name of a profile", () => {
  const unknown = (chain: readonly string[], notes = "", suggestion?: string): object => {
    const name = chain.at(-1);
    const message = `profile ${name} does not exist${notes}: create a GpuMediaProfile with that name, or use development, staging or production`;
    return { kind: "UnknownProfile", profile: name, suggestion, chain, message };
  };
  const cycle = (chain: readonly string[], text: string): object => {
    const message = `profiles are based on each other: ${text}; change basedOn in one of them`;
    return { kind: "ProfileCycle", chain, message };
  };
  const cases: {
    readonly [title: string]: {
      readonly name: string;
      /** `basedOn` of the cluster's GpuMediaProfile objects, by name. */
      readonly objects: Readonly<Record<string, string | undefined>>;
      /** The built-in profile and the objects above it, or the error. */
      readonly resolved: object;
    };
  } = {
    "built in": { name: "staging", objects: {}, resolved: { builtIn: "staging", objects: [] } },
    "an object without basedOn is based on production": {
      name: "big",
      objects: { big: undefined },
      resolved: { builtIn: "production", objects: ["big"] },
    },
    "a chain, the nearest first": {
      name: "big",
      objects: { big: "team", team: "development" },
      resolved: { builtIn: "development", objects: ["big", "team"] },
    },
    "an object replaces the built-in one of its name": {
      name: "big",
      objects: { staging: undefined, big: "staging" },
      resolved: { builtIn: "production", objects: ["big", "staging"] },
    },
    "an object named production without basedOn is based on the built-in production": {
      name: "production",
      objects: { production: undefined },
      resolved: { builtIn: "production", objects: ["production"] },
    },
    "an object may be based on the built-in one that it replaces": {
      name: "staging",
      objects: { staging: "staging" },
      resolved: { builtIn: "staging", objects: ["staging"] },
    },
    unknown: { name: "huge", objects: {}, resolved: unknown(["huge"]) },
    misspelled: {
      name: "big",
      objects: { big: "stagin" },
      resolved: unknown(["big", "stagin"], " (big, basedOn stagin; did you mean staging?)", "staging"),
    },
    "unknown further down: the message has the chain": {
      name: "big",
      objects: { big: "team", team: "missing" },
      resolved: unknown(["big", "team", "missing"], " (big, basedOn team, basedOn missing)"),
    },
    "a cycle": {
      name: "a",
      objects: { a: "b", b: "c", c: "b" },
      resolved: cycle(["a", "b", "c", "b"], "a -> b -> c -> b"),
    },
    "based on itself, and not built in": {
      name: "a",
      objects: { a: "a" },
      resolved: cycle(["a", "a"], "a -> a"),
    },
  };
  for (const [title, { name, objects, resolved }] of Object.entries(cases)) {
    it(title, () => {
      const profiles = Object.entries(objects).map(([key, basedOn]) => profile(key, basedOn ? { basedOn } : {}));
      const found = resolveProfile(name, new Map(profiles.map((one) => [one.metadata.name, one])));
      assert.deepEqual(
        found.kind === "Resolved"
          ? { builtIn: found.builtIn, objects: found.objects.map(({ metadata }) => metadata.name) }
          : found,
        resolved,
      );
    });
  }
});
