/** What kube-score says about everything that is rendered: nothing that docs/children.md does not explain. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { stringify } from "yaml";
import { desiredChildren } from "../../operator/src/desired/children.ts";
import { sampleContext, sampleService } from "../../operator/src/desired/service.sample.ts";
import { tool } from "../cluster/tools.ts";
import { childrenCases } from "./operator/children.cases.ts";

/** What we read of kube-score's JSON, version 2. */
interface Scored {
  readonly object_name: string;
  readonly checks: readonly {
    readonly check: { readonly id: string };
    /** 10: nothing to say. */
    readonly grade: number;
    readonly skipped: boolean;
  }[];
}

describe("kube-score", function () {
  this.timeout(600_000);
  const found = new Map<string, readonly string[]>();

  before(async () => {
    const program = await tool("kube-score");
    for (const [title, spec] of Object.entries(childrenCases)) found.set(title, await findings(program, spec));
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

  it("finds something in a service that is not like ours", async () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "bare" },
      spec: { containers: [{ name: "c", image: "i:latest" }] },
    };
    assert.ok((await score(await tool("kube-score"), [pod])).includes("container-image-tag"));
  });
});

function findings(program: string, spec: object): Promise<readonly string[]> {
  const manifests = desiredChildren(sampleService(spec), sampleContext).flatMap(({ manifest }) => manifest ?? []);
  return score(program, manifests);
}

/** The checks that have something to say, sorted. */
async function score(program: string, objects: readonly object[]): Promise<readonly string[]> {
  const parameters = ["score", "--output-format", "json", "--kubernetes-version", "v1.35", "-"];
  const child = spawn(program, parameters, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(objects.map((object) => `---\n${stringify(object)}`).join(""));
  const [output] = await Promise.all([text(child.stdout), once(child, "close")]);
  const scored = JSON.parse(output) as readonly Scored[];
  const ids = scored.flatMap(({ checks }) =>
    checks.filter(({ skipped, grade }) => !skipped && grade < 10).map(({ check }) => check.id),
  );
  return [...new Set(ids)].toSorted();
}

/** The checks that have a row in the table of docs/children.md, section kube-score. */
async function explanations(): Promise<ReadonlySet<string>> {
  const page = await readFile(new URL("../../docs/children.md", import.meta.url), "utf8");
  const [, section = ""] = page.split("\n## kube-score\n");
  return new Set([...section.matchAll(/^\| `([a-z-]+)`/gm)].map(([, id = ""]) => id).toSorted());
}
