import assert from "node:assert/strict";
import { sampleNode } from "../observe/node-view.sample.ts";
import { affinityText, meetsAffinity, type NodeSelectorTerm } from "./node-affinity.ts";

const node = sampleNode({ name: "gpu-0", labels: { zone: "a", generation: "9" } });

function on(key: string, operator: string, ...values: readonly string[]): NodeSelectorTerm {
  return { matchExpressions: [{ key, operator, values }] };
}

// The expected results are those of `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`.
describe("required node affinity", () => {
  const cases: {
    readonly [text: string]: { readonly terms: readonly NodeSelectorTerm[]; readonly meets: boolean };
  } = {
    "zone in (a,b)": { terms: [on("zone", "In", "a", "b")], meets: true },
    "zone in (b)": { terms: [on("zone", "In", "b")], meets: false },
    "disk in (ssd)": { terms: [on("disk", "In", "ssd")], meets: false },
    "zone notin (b)": { terms: [on("zone", "NotIn", "b")], meets: true },
    "zone notin (a)": { terms: [on("zone", "NotIn", "a")], meets: false },
    "disk notin (ssd)": { terms: [on("disk", "NotIn", "ssd")], meets: true },
    zone: { terms: [on("zone", "Exists")], meets: true },
    disk: { terms: [on("disk", "Exists")], meets: false },
    "!zone": { terms: [on("zone", "DoesNotExist")], meets: false },
    "!disk": { terms: [on("disk", "DoesNotExist")], meets: true },
    "generation > 8": { terms: [on("generation", "Gt", "8")], meets: true },
    "generation > 9": { terms: [on("generation", "Gt", "9")], meets: false },
    "generation < 10": { terms: [on("generation", "Lt", "10")], meets: true },
    "disk < 10": { terms: [on("disk", "Lt", "10")], meets: false },
    "zone > 1": { terms: [on("zone", "Gt", "1")], meets: false },
    "metadata.name in (gpu-0)": {
      terms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["gpu-0"] }] }],
      meets: true,
    },
    "zone in (a), disk": {
      terms: [
        {
          matchExpressions: [
            { key: "zone", operator: "In", values: ["a"] },
            { key: "disk", operator: "Exists" },
          ],
        },
      ],
      meets: false,
    },
    "zone in (b); or generation": { terms: [on("zone", "In", "b"), on("generation", "Exists")], meets: true },
    "": { terms: [{}], meets: false },
  };
  for (const [text, { terms, meets }] of Object.entries(cases)) {
    it(`${text === "" ? "without requirements" : text} is ${meets ? "" : "not "}met`, () => {
      assert.deepEqual([meetsAffinity(node, terms), affinityText(terms)], [meets, text]);
    });
  }
});
