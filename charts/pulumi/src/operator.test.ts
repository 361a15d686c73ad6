import assert from "node:assert/strict";
import { install, installNamespace } from "@gpumedia/install";
import { recordedOf } from "./recorded.sample.ts";
import { GpuMediaOperator, GpuMediaService } from "./index.ts";

const release = { release: "gpumedia-operator", namespace: "gpumedia-system", version: "0.1.0", managedBy: "pulumi" };
const sorted = (objects: readonly object[]): readonly string[] =>
  objects.map((object) => JSON.stringify(object)).toSorted();
/** Sorts the members by name, as Pulumi does. */
const inOrder = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, member: unknown) =>
      typeof member === "object" && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    ),
  );

describe("the Pulumi component of the operator", () => {
  for (const values of [{}, { namespaces: ["media"], monitoring: { dashboard: { enabled: true } } }]) {
    it(`declares the same objects as @gpumedia/install with ${JSON.stringify(values)}`, async () => {
      const declared = await recordedOf(
        () =>
          new GpuMediaOperator("gpumedia-operator", { namespace: "gpumedia-system", createNamespace: true, values }),
      );
      const [component, ...resources] = declared;
      assert.equal(component?.type, "gpumedia:index:GpuMediaOperator");
      const expected = [installNamespace("gpumedia-system"), ...install(release, values)];
      assert.deepEqual(
        sorted(resources.map(({ inputs }) => inOrder(inputs) as object)),
        sorted(expected.map((object) => inOrder(object) as object)),
      );
    });
  }

  it("retains the CRDs, and nothing else", async () => {
    const retained: string[] = [];
    await recordedOf(
      () =>
        new GpuMediaOperator(
          "gpumedia-operator",
          { namespace: "gpumedia-system" },
          {
            transformations: [
              ({ type, opts }) => {
                if (opts.retainOnDelete === true) retained.push(type);
                return undefined;
              },
            ],
          },
        ),
    );
    const crd = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";
    assert.deepEqual(retained, [crd, crd, crd]);
  });

  it("creates no namespace by default, and outputs the Deployment's name", async () => {
    let operator: GpuMediaOperator | undefined;
    const declared = await recordedOf(() => (operator = new GpuMediaOperator("media", { namespace: "there" })));
    assert.ok(!declared.some(({ inputs }) => inputs.kind === "Namespace"));
    const name = await new Promise<string>((resolve) => operator?.deploymentName.apply(resolve));
    assert.equal(name, "media-gpumedia-operator");
  });

  it("rejects values that the chart rejects, and names the value", async () => {
    await assert.rejects(
      recordedOf(() => new GpuMediaOperator("x", { namespace: "y", values: { replicas: -1 } })),
      /values\.replicas/,
    );
  });
});

describe("the Pulumi resource of a service", () => {
  it("is a GpuMediaService with the given spec, or with none", async () => {
    const spec = { profile: "staging", gpu: { count: 0 } };
    const declared = await recordedOf(() => [
      new GpuMediaService("upscaler", { metadata: { name: "upscaler", namespace: "media" }, spec }),
      new GpuMediaService("plain"),
    ]);
    const typeMeta = { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService" };
    assert.deepEqual(Object.fromEntries(declared.map(({ name, inputs }) => [name, inputs])), {
      upscaler: { ...typeMeta, metadata: { name: "upscaler", namespace: "media" }, spec },
      plain: { ...typeMeta, spec: {} },
    });
  });

  it("has a typed spec", () => {
    // @ts-expect-error -- unknown field
    void (() => new GpuMediaService("x", { spec: { profil: "staging" } }));
  });
});
