import assert from "node:assert/strict";
import { join } from "node:path";
import { files, gpumedia, service, profile, type Result } from "../program.fake.ts";

describe("gpumedia validate", () => {
  /** `finds`: the lines of standard output without the file's name. */
  const cases = {
    "a valid service": { text: service("a"), finds: [], message: "1 object checked: 0 findings\n" },
    "mistakes of several kinds, sorted by line": {
      text: [
        service("a", "procesing: {}", "replicas: three", "slo:", "  memory: -1"),
        service("b", "autoscaling:", "  horizontal: {minReplicas: 5, maxReplicas: 2}"),
      ].join("---\n"),
      finds: [
        "5:3: spec.procesing: unknown field procesing: did you mean processing?",
        '6:13: spec.replicas: is the text "three", but must be a whole number',
        "8:13: spec.slo.memory: is -1, but must be at least 0",
        "15:31: spec.autoscaling.horizontal.minReplicas: minReplicas must not be greater than maxReplicas",
      ],
      message: "2 objects checked: 4 findings\n",
    },
    "a contradiction between the spec and its profile": {
      text: service("a", "profile: staging", "autoscaling: {horizontal: {minReplicas: 5}}"),
      finds: [
        "6:17: spec.autoscaling.horizontal: minReplicas 5 (spec) is above maxReplicas 4 (profile staging): set both",
      ],
      message: "1 object checked: 1 finding\n",
    },
    "a cycle of profiles, at the profile and at the service that uses it": {
      text: [profile("big", "basedOn: big"), service("a", "profile: big")].join("---\n"),
      finds: [
        "5:12: spec.basedOn: profiles are based on each other: big -> big; change basedOn in one of them",
        "11:12: spec.profile: profiles are based on each other: big -> big; change basedOn in one of them",
      ],
      message: "2 objects checked: 2 findings\n",
    },
    "a profile based on one that is in no file": {
      text: profile("big", "basedOn: huge"),
      finds: [],
      message:
        "note: profile huge is not in these files, so its values were not checked\n1 object checked: 0 findings\n",
    },
    "a profile that is in no file, with a note, as the cluster may have it": {
      text: service("a", "profile: big"),
      finds: [],
      message:
        "note: profile big is not in these files, so its values were not checked\n1 object checked: 0 findings\n",
    },
    "a misspelled profile, with a note that suggests the built-in one": {
      text: service("a", "profile: prodution"),
      finds: [],
      message:
        "note: profile prodution is not in these files, so its values were not checked (did you mean production?)\n1 object checked: 0 findings\n",
    },
    "a load test whose service is in no file": {
      text: "apiVersion: gpumedia.io/v1alpha1\nkind: GpuMediaLoadTest\nmetadata: {name: nightly}\nspec: {serviceRef: {name: upscaler}}\n",
      finds: [],
      message: "1 object checked: 0 findings\n",
    },
    "unknown kinds and versions": {
      text: [
        service("a").replace("GpuMediaService", "GpuMediaServce"),
        service("b").replace("v1alpha1", "v1"),
        "kind: GpuMediaService\n",
        "just text\n",
      ].join("---\n"),
      finds: [
        "2:7: kind: there is no kind GpuMediaServce in gpumedia.io: did you mean GpuMediaService?",
        "6:13: apiVersion: is gpumedia.io/v1, but must be gpumedia.io/v1alpha1",
        "11:1: not a Kubernetes object: it needs apiVersion and kind",
        "13:1: not a Kubernetes object: it needs apiVersion and kind",
      ],
      message: "0 objects checked: 4 findings\n",
    },
    "objects of other kinds, which are skipped": {
      text: ["apiVersion: v1\nkind: Secret\n", service("a")].join("---\n"),
      finds: [],
      message: "1 object checked, 1 object of other kinds skipped: 0 findings\n",
    },
    "a List, as kubectl get -o yaml prints it": {
      text: [
        "apiVersion: v1",
        "kind: List",
        "items:",
        "- apiVersion: gpumedia.io/v1alpha1",
        "  kind: GpuMediaService",
        "  metadata: {name: a}",
        "  spec:",
        "    drain: {timeout: 5}",
      ].join("\n"),
      finds: ["8:22: spec.drain.timeout: is 5, but must be a duration in whole seconds, such as 90s or 5m"],
      message: "1 object checked: 1 finding\n",
    },
    "empty sections, which the API server accepts": {
      text: service("a", "slo:", "processing: {env: }"),
      finds: [],
      message: "1 object checked: 0 findings\n",
    },
    "broken YAML": {
      text: "apiVersion: gpumedia.io/v1alpha1\nkind: GpuMediaService\nkind: GpuMediaService\n",
      finds: ["3:1: Map keys must be unique"],
      message: "0 objects checked: 1 finding\n",
    },
  };
  for (const [title, { text, finds, message }] of Object.entries(cases)) {
    it(`checks ${title}`, async () => {
      const file = join(await files({ "cr.yaml": text }), "cr.yaml");
      const out = finds.map((line) => `${file}:${line}\n`).join("");
      assert.deepEqual(await gpumedia(["validate", "-f", file]), {
        code: finds.length === 0 ? 0 : 1,
        out,
        err: message,
      });
    });
  }

  it("reads standard input for -", async () => {
    assert.deepEqual(await gpumedia(["validate", "-f", "-"], service("a", "gpu: 1")), {
      code: 1,
      out: "<stdin>:5:8: spec.gpu: is 1, but must be a mapping\n",
      err: "1 object checked: 1 finding\n",
    });
  });

  it("reads directories, and their subdirectories only with -R", async () => {
    const root = await files({
      "b.yml": service("b", "x: 1"),
      "a.yaml": service("a", "x: 1"),
      "c.json": JSON.stringify({
        apiVersion: "gpumedia.io/v1alpha1",
        kind: "GpuMediaService",
        metadata: { name: "c" },
        spec: { x: 1 },
      }),
      "README.md": "# no YAML",
      "below/d.yaml": service("d", "x: 1"),
    });
    const where = (result: Result) =>
      result.out
        .split("\n")
        .slice(0, -1)
        .map((line) => line.slice(root.length + 1).split(":")[0]);
    assert.deepEqual(where(await gpumedia(["validate", "-f", root])), ["a.yaml", "b.yml", "c.json"]);
    assert.deepEqual(where(await gpumedia(["validate", "-R", "-f", root])), [
      "a.yaml",
      "b.yml",
      "below/d.yaml",
      "c.json",
    ]);
  });

  it("skips files without Kubernetes objects in a directory, and reports one given by name", async () => {
    const root = await files({ "a.yaml": service("a"), "package.json": '{"name": "x"}', "tsconfig.json": "{}" });
    assert.deepEqual(await gpumedia(["validate", "-f", root]), {
      code: 0,
      out: "",
      err: `note: skipped ${root}/package.json and 1 other file: no Kubernetes objects\n1 object checked: 0 findings\n`,
    });
    const named = join(root, "package.json");
    assert.deepEqual(await gpumedia(["validate", "-f", named]), {
      code: 1,
      out: `${named}:1:1: not a Kubernetes object: it needs apiVersion and kind\n`,
      err: "0 objects checked: 1 finding\n",
    });
  });

  it("accepts files with and without -f, and several after one -f", async () => {
    const root = await files({ "a.yaml": service("a"), "b.yaml": service("b"), "c.yaml": service("c") });
    const [a, b, c] = ["a", "b", "c"].map((name) => join(root, `${name}.yaml`)) as [string, string, string];
    assert.equal((await gpumedia(["validate", a, "-f", b])).err, "2 objects checked: 0 findings\n");
    assert.equal((await gpumedia(["validate", "-f", a, b, "-f", c])).err, "3 objects checked: 0 findings\n");
  });

  it("prints findings as JSON with -o json", async () => {
    const { code, out } = await gpumedia(["validate", "-o", "json", "-f", "-"], service("a", "gpu: 1"));
    assert.deepEqual(
      [code, JSON.parse(out)],
      [
        1,
        {
          findings: [
            {
              file: "<stdin>",
              line: 5,
              column: 8,
              object: "GpuMediaService a",
              path: "spec.gpu",
              message: "is 1, but must be a mapping",
            },
          ],
        },
      ],
    );
  });
});
