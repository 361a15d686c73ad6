/** No service makes the operator throw: neither one that the schema accepts, nor one stored under another schema. */
import assert from "node:assert/strict";
import { ruleCases } from "@gpumedia/api/src/schema/rules.cases.ts";
import { profileSpec, serviceSpec } from "@gpumedia/api/src/schema/kinds.ts";
import { jsonSchema } from "@gpumedia/api/src/schema/json-schema.ts";
import { arbitraryOf } from "@gpumedia/api/src/schema/spec.arbitrary.ts";
import { validateFile } from "@gpumedia/api";
import * as fc from "fast-check";
import { desiredChildren } from "./children.ts";
import { sampleContext } from "./service.sample.ts";
import { defaults, profile, service } from "../effective/effective.sample.ts";
import { effectiveService } from "../effective/effective.ts";

const allRules = new Set(ruleCases.GpuMediaService?.map(({ message }) => message));

const accepted = arbitraryOf(jsonSchema(serviceSpec)).map((spec) => service({ ...(spec as object), profile: "team" }));
const acceptedProfile = arbitraryOf(jsonSchema(profileSpec)).map((spec) =>
  profile("team", { ...(spec as object), basedOn: "staging" }),
);

describe("any service that the schema accepts", () => {
  it("is complete with any profile, or has a message, and its children can be rendered", () => {
    let complete = 0;
    fc.assert(
      fc.property(accepted, acceptedProfile, (object, team) => {
        const effective = effectiveService(object, new Map([["team", team]]), defaults);
        assert.ok(effective.kind === "Effective" || effective.message !== "");
        if (effective.kind !== "Effective") return;
        complete++;
        JSON.stringify(desiredChildren(effective.service, sampleContext));
      }),
      { numRuns: 300 },
    );
    assert.ok(complete > 30, `too few random specs had no contradiction: ${complete} of 300`);
  });

  it("passes the file check, except its rules", () => {
    fc.assert(
      fc.property(accepted, (object) => {
        assert.deepEqual(
          validateFile.GpuMediaService(object).filter(({ message }) => !allRules.has(message)),
          [],
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe("any stored service", () => {
  /** A valid spec with a value replaced at random. */
  const damaged = fc
    .tuple(arbitraryOf(jsonSchema(serviceSpec)), fc.jsonValue(), fc.infiniteStream(fc.nat(20)))
    .map(([spec, anything, choices]) => damage(spec, anything, choices));

  it("never causes an exception", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), damaged), fc.oneof(fc.jsonValue(), damaged), (spec, team) => {
        const effective = effectiveService(
          service(spec as object),
          new Map([["team", profile("team", team as object)]]),
          defaults,
        );
        if (effective.kind === "Effective") desiredChildren(effective.service, sampleContext);
        else assert.ok(effective.message !== "");
      }),
      { numRuns: 500 },
    );
  });
});

/** Replaces the node that a walk along `choices` reaches. */
function damage(node: unknown, anything: unknown, choices: Iterator<number>): unknown {
  if (typeof node !== "object" || node === null || Object.keys(node).length === 0) return anything;
  const choice: number = choices.next().value ?? 0;
  if (choice === 0) return anything;
  const keys = Object.keys(node);
  const key = keys[choice % keys.length] ?? "";
  const members = Object.entries(node).map(([name, member]: [string, unknown]) => [
    name,
    name === key ? damage(member, anything, choices) : member,
  ]);
  return Array.isArray(node) ? members.map(([, member]) => member) : Object.fromEntries(members);
}
