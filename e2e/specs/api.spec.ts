/** The CRDs on a real API server: their rules, bounds and columns, and the examples. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { validateFile, type GpuMediaServiceStatus } from "@gpumedia/api";
import { customResourceDefinitions } from "@gpumedia/api/src/crd/crds.ts";
import type { StructuralSchema } from "@gpumedia/api/src/crd/structural.ts";
import { ruleCases } from "@gpumedia/api/src/schema/rules.cases.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { sharedCluster } from "../cluster/shared.ts";

const programs = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));
const examples = fileURLToPath(new URL("../../examples", import.meta.url));
const exampleFiles = (await readdir(examples)).filter((name) => name.endsWith(".yaml"));

function service(name: string, spec: unknown = {}, namespace = "default"): object {
  return { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", metadata: { name, namespace }, spec };
}

describe("the API on a real API server", () => {
  let cluster: Cluster;
  let namespace: string;

  before(async () => {
    cluster = await sharedCluster();
    namespace = await cluster.newNamespace("api");
  });

  /** Returns the API server's error, or "" if it would store the object. */
  function refusal(object: object, kind = "GpuMediaService"): Promise<string> {
    const scope = kind === "GpuMediaProfile" ? "" : `namespaces/${namespace}/`;
    return cluster.rest.refusal(`/apis/gpumedia.io/v1alpha1/${scope}${kind.toLowerCase()}s`, object);
  }

  for (const [kind, cases] of Object.entries(ruleCases)) {
    describe(`the rules of ${kind}`, () => {
      for (const { message, at, breaks, keeps } of cases) {
        it(`${at}: ${message}`, async () => {
          const [error, none] = await Promise.all([refusal(breaks, kind), refusal(keeps, kind)]);
          assert.ok(error.includes(message), error);
          // The error has no path for fields of metadata; the message names the field.
          if (at !== "metadata.name") assert.ok(error.includes(`${at}: Invalid value`), error);
          assert.equal(none, "");
        });
      }
    });
  }

  /** Returns the cells of each row that `kubectl get` prints. */
  async function table(...parameters: readonly string[]): Promise<readonly string[][]> {
    const output = await cluster.kubectl("get", ...parameters, "--namespace", namespace);
    return output
      .trim()
      .split("\n")
      .map((line) => line.split(/ {2,}/).map((cell) => cell.trim()));
  }

  describe("bounds, types and patterns", () => {
    const quantities: readonly (readonly [unknown, boolean])[] = [
      [4, true],
      ["0.1", true],
      ["1e3", true],
      ["500m", true],
      ["8Gi", true],
      [0, true],
      ["-1", false],
      [-1, false],
      [0.1, false],
      ["8 Gi", false],
      ["lots", false],
    ];
    for (const [quantity, accepted] of quantities) {
      it(`the quantity ${JSON.stringify(quantity)} is ${accepted ? "accepted" : "refused"}, also by the check of a file`, async () => {
        const object = service("upscaler", { resources: { limits: { memory: quantity } } }, namespace);
        const error = await refusal(object);
        assert.equal(error === "", accepted, error);
        assert.equal(validateFile.GpuMediaService(object).length === 0, accepted);
      });
    }

    const refused: Readonly<Record<string, readonly [spec: object, error: string]>> = {
      "an unknown field": [{ gpus: 1 }, 'unknown field "spec.gpus"'],
      "a duplicate key in a list map": [{ processing: { env: [{ name: "A" }, { name: "A" }] } }, "Duplicate value"],
      "a duplicate value in a set": [
        { monitoring: { dcgm: { fields: ["DCGM_FI_A", "DCGM_FI_A"] } } },
        "Duplicate value",
      ],
      "a value outside an enum": [{ rollout: { strategy: "RollingUpdate" } }, "Unsupported value"],
      "an interval of zero": [{ monitoring: { scrapeInterval: "0s" } }, "should match"],
      "too many replicas": [{ autoscaling: { horizontal: { maxReplicas: 100_000 } } }, "less than or equal to 10000"],
    };
    for (const [title, [spec, expected]] of Object.entries(refused)) {
      it(`${title} is refused`, async () => {
        const error = await refusal(service("upscaler", spec, namespace));
        assert.ok(error.includes(expected), error);
      });
    }

    it("an empty spec is stored without defaults", async () => {
      await cluster.kubectlWithInput(service("empty", {}, namespace), "create", "-f", "-");
      const stored = await cluster.kubectl("get", "gms", "empty", "--namespace", namespace, "-o", "jsonpath={.spec}");
      assert.equal(stored, "{}");
    });

    it("a name of 53 characters is accepted, and one of 63 is refused with the limit", async () => {
      assert.equal(await refusal(service("a".repeat(53), {}, namespace)), "");
      assert.match(await refusal(service("a".repeat(63), {}, namespace)), /must be at most 53 characters/);
    });
  });

  it("has a description for every field", () => {
    const missing: string[] = [];
    const walk = (schema: StructuralSchema, path: string): void => {
      for (const [name, child] of Object.entries(schema.properties ?? {})) {
        const below = `${path}.${name}`;
        if (child.description === undefined && !/\.(apiVersion|kind|metadata)$/.test(below)) missing.push(below);
        walk(child, below);
      }
      if (schema.items !== undefined) walk(schema.items, `${path}[]`);
    };
    for (const { metadata, spec } of customResourceDefinitions) {
      for (const { schema } of spec.versions) walk(schema.openAPIV3Schema, metadata.name);
    }
    assert.deepEqual(missing, []);
  });

  describe("kubectl get", () => {
    const status: GpuMediaServiceStatus = {
      observedGeneration: 1,
      summary: { profile: "staging", replicas: "2/3", gpuUtilization: "72%", latencyP95: "14ms", image: "processor:1" },
      endpoint: "http://columns.api.svc",
      bottleneck: "Gpu",
      conditions: [
        {
          type: "Available",
          status: "True",
          reason: "MinimumReplicas",
          message: "2 pods serve",
          lastTransitionTime: "2026-01-01T00:00:00Z",
        },
        {
          type: "Ready",
          status: "False",
          reason: "GpuExhausted",
          message: "1 pod waits for a GPU",
          lastTransitionTime: "2026-01-01T00:00:00Z",
        },
      ],
    };

    before(async () => {
      await cluster.kubectlWithInput(service("columns", {}, namespace), "create", "-f", "-");
      const patch = JSON.stringify({ status });
      const target = ["gms", "columns", "--namespace", namespace];
      await cluster.kubectl("patch", ...target, "--subresource=status", "--type=merge", "-p", patch);
    });

    const usual = ["NAME", "PROFILE", "READY", "REPLICAS", "GPU%", "P95", "REASON", "AGE"];
    const row = ["columns", "staging", "False", "2/3", "72%", "14ms", "GpuExhausted"];

    it("gms shows the default columns", async () => {
      const [head, cells] = await table("gms", "columns");
      assert.deepEqual([head, cells?.slice(0, -1)], [usual, row]);
    });

    it("gms -o wide also shows the endpoint, the bottleneck and the image", async () => {
      const [head, cells] = await table("gms", "columns", "-o", "wide");
      assert.deepEqual(
        [head, cells?.toSpliced(7, 1)],
        [
          [...usual, "ENDPOINT", "BOTTLENECK", "IMAGE"],
          [...row, "http://columns.api.svc", "Gpu", "processor:1"],
        ],
      );
    });

    it("gpumedia lists all kinds of the category, and gmp lists profiles", async () => {
      const profile = {
        apiVersion: "gpumedia.io/v1alpha1",
        kind: "GpuMediaProfile",
        metadata: { name: namespace },
        spec: { basedOn: "staging", description: "for tests" },
      };
      await cluster.kubectlWithInput(profile, "create", "-f", "-");
      try {
        const lastTransitionTime = "2026-01-01T00:00:00Z";
        const ready = { type: "Ready", status: "True", reason: "Resolved", message: "", lastTransitionTime };
        const status = JSON.stringify({ status: { services: 2, conditions: [ready] } });
        await cluster.kubectl("patch", "gmp", namespace, "--subresource=status", "--type=merge", "-p", status);
        const listed = await cluster.kubectl("get", "gpumedia", "--namespace", namespace, "-o", "name");
        assert.ok(listed.includes("gpumediaservice.gpumedia.io/columns"), listed);
        assert.ok(listed.includes(`gpumediaprofile.gpumedia.io/${namespace}`), listed);
        const [head, cells] = await table("gmp", namespace);
        assert.deepEqual(
          [head, cells?.slice(0, -1)],
          [
            ["NAME", "READY", "USED-BY", "BASED-ON", "DESCRIPTION", "AGE"],
            [namespace, "True", "2", "staging", "for tests"],
          ],
        );
      } finally {
        await cluster.kubectl("delete", "gmp", namespace);
      }
    });

    it("leaves the status unchanged when the spec is changed, because it is a subresource", async () => {
      const target = ["gms", "columns", "--namespace", namespace];
      const patch = JSON.stringify({ spec: { suspend: true }, status: { endpoint: "elsewhere" } });
      await cluster.kubectl("patch", ...target, "--type=merge", "-p", patch);
      const path = "jsonpath={.spec.suspend} {.status.endpoint}";
      assert.equal(await cluster.kubectl("get", ...target, "-o", path), `true ${status.endpoint}`);
    });
  });

  it("merges environment variables of two field managers by name on server-side apply", async () => {
    const apply = (fieldManager: string, env: object[]) =>
      cluster.kubectlWithInput(
        service("shared", { processing: { env } }, namespace),
        "apply",
        "--server-side",
        "--field-manager",
        fieldManager,
        "-f",
        "-",
      );
    await apply("one", [{ name: "A", value: "1" }]);
    await apply("two", [{ name: "B", value: "2" }]);
    await apply("one", [{ name: "A", value: "3" }]);
    const path = "jsonpath={.spec.processing.env[*].name} {.spec.processing.env[*].value}";
    assert.equal(await cluster.kubectl("get", "gms", "shared", "--namespace", namespace, "-o", path), "A B 3 2");
  });

  it("provides kubectl gpumedia, a kubectl plugin on the PATH", async () => {
    const env = { ...process.env, PATH: `${programs}${delimiter}${process.env["PATH"] ?? ""}` };
    const { stdout } = await promisify(execFile)(cluster.kubectlPath, ["gpumedia", "--help"], { env });
    assert.match(stdout, /^Usage: kubectl gpumedia /);
  });

  describe("examples/", () => {
    for (const file of exampleFiles) {
      it(`${file} is accepted unchanged`, () =>
        cluster.kubectl("apply", "--dry-run=server", "--namespace", namespace, "-f", join(examples, file)));
    }
  });
});
