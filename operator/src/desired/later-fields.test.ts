import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import type { ChildRole } from "../observe/child-kinds.ts";
import { desiredChildren } from "./children.ts";
import type { Fields } from "./known-fields.ts";
import { laterFields, omittedText, unsupportedField } from "./later-fields.ts";
import { sampleContext, sampleService } from "./service.sample.ts";

const spec: GpuMediaServiceSpec = {
  autoscaling: {
    horizontal: {
      provider: "KEDA",
      minReplicas: 1,
      behavior: { scaleUp: { tolerance: "0.05" }, scaleDown: { tolerance: "0.05" } },
    },
  },
  network: { gateway: { parentRefs: [{ name: "public", port: 80 }] } },
};

/** Every field of the value, but for those at the paths. */
function fieldsWithout(value: unknown, paths: readonly string[], at = ""): Fields {
  if (Array.isArray(value))
    return fieldsWithout(typeof value[0] === "object" ? Object.assign({}, ...value) : 0, paths, `${at}[]`);
  // The parameters of KEDA's triggers may have any name.
  if (typeof value !== "object" || value === null || at.endsWith("[].metadata")) return true;
  const path = (name: string): string => (at === "" ? name : `${at}.${name}`);
  const kept = Object.entries(value).filter(([name]) => !paths.includes(path(name)));
  return Object.fromEntries(kept.map(([name, member]) => [name, fieldsWithout(member, paths, path(name))]));
}

const rendered = desiredChildren(sampleService(spec), sampleContext);
const bodyOf = (role: ChildRole): object =>
  rendered.find((child) => child.role === role)?.manifest ?? assert.fail(role);

describe("the later fields of optional APIs", () => {
  for (const [role, fields] of Object.entries(laterFields) as [
    ChildRole,
    NonNullable<(typeof laterFields)[ChildRole]>,
  ][]) {
    for (const { path, part, since, setBy } of fields) {
      const features = { ...sampleContext.features, fields: { [role]: fieldsWithout(bodyOf(role), [part ?? path]) } };
      const children = desiredChildren(sampleService(spec), { ...sampleContext, features });

      it(`${role} ${path} is left out where the CRD lacks ${part ?? "it"}`, () => {
        const child = children.find((one) => one.role === role);
        assert.deepEqual(child?.omitted, [path]);
        assert.equal(omittedText(role, path), `${path} (requires ${since})`);
      });

      it(`${role} ${path} is ${setBy === undefined ? "accepted" : "rejected"} as it is ${setBy === undefined ? "the operator's" : "the spec's"}`, () => {
        const problem = unsupportedField(children);
        if (setBy === undefined) assert.equal(problem, undefined);
        else assert.ok(problem?.startsWith(`${setBy}: requires ${since} or newer`), problem);
      });
    }
  }

  it("name the rest of the fields without a version", () => {
    assert.equal(omittedText("podMonitor", "spec.x"), "spec.x");
    assert.equal(unsupportedField([{ role: "podMonitor", omitted: ["spec.x"] }]), undefined);
  });
});
