/** kube-score finds nothing in the children of a service that docs/children.md does not explain. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { stringify } from "yaml";
import { desiredChildren } from "../../operator/src/desired/children.ts";
import { sampleContext, sampleService } from "../../operator/src/desired/service.sample.ts";
import { kubeScore } from "./kube-score.ts";
import { childrenCases } from "./operator/children.cases.ts";

describe("kube-score", function () {
  this.timeout(600_000);
  const found = new Map<string, readonly string[]>();

  before(async () => {
    for (const [title, spec] of Object.entries(childrenCases)) {
      const children = desiredChildren(sampleService(spec), sampleContext);
      found.set(title, await score(children.flatMap(({ manifest }) => manifest ?? [])));
    }
  });

  for (const title of Object.keys(childrenCases)) {
    it(`finds nothing unexplained in a service ${title}`, async () => {
      const explained = await explanations();
      assert.deepEqual(
        found.get(title)?.filter((finding) => !explained.has(finding)),
        [],
      );
    });
  }

  it("still finds what is explained", async () => {
    assert.deepEqual(await explanations(), new Set([...found.values()].flat().toSorted()));
  });

  it("has findings for a pod that follows none of its recommendations", async () => {
    const spec = { containers: [{ name: "c", image: "i:latest" }] };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "bare" }, spec };
    assert.ok((await score([pod])).includes("container-image-tag"));
  });
});

function score(objects: readonly object[]): Promise<readonly string[]> {
  return kubeScore(objects.map((object) => `---\n${stringify(object)}`).join(""));
}

/** Returns the checks that have a row in the table of docs/children.md, section kube-score. */
async function explanations(): Promise<ReadonlySet<string>> {
  const page = await readFile(new URL("../../docs/children.md", import.meta.url), "utf8");
  const [, section = ""] = page.split("\n## kube-score\n");
  return new Set([...section.matchAll(/^\| `([a-z-]+)`/gm)].map(([, id = ""]) => id).toSorted());
}
