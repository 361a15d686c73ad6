import assert from "node:assert/strict";
import { install, installNamespace } from "@gpumedia/install";
import { recordedOf } from "./recorded.sample.ts";
import { GpuMediaOperator, GpuMediaService } from "./index.ts";

const release = { release: "gpumedia-operator", namespace: "gpumedia-system", version: "0.1.0", managedBy: "pulumi" };
const sorted = (objects: readonly object[]): readonly string[] =>
  objects.map((object) => JSON.stringify(object)).toSorted();
/** With its members in the order of their names, as Pulumi hands them on. */
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
    it(`declares what the one source says with ${JSON.stringify(values)}`, async () => {
      const declared = await recordedOf(
        () =>
          new GpuMediaOperator("gpumedia-operator", { namespace: "gpumedia-system", createNamespace: true, values }),
      );
      const [component, ...resources] = declared;
      assert.equal(component?.type, "gpumedia:index:GpuMediaOperator");
      const wanted = [installNamespace("gpumedia-system"), ...install(release, values)];
      assert.deepEqual(
        sorted(resources.map(({ inputs }) => inOrder(inputs) as object)),
        sorted(wanted.map((object) => inOrder(object) as object)),
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
    assert.deepEqual(
      retained,
      Array.from({ length: 3 }, () => "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"),
    );
  });

  it("makes no namespace unless it is asked to, and tells the Deployment's name", async () => {
    let operator: GpuMediaOperator | undefined;
    const declared = await recordedOf(() => (operator = new GpuMediaOperator("media", { namespace: "there" })));
    assert.equal(
      declared.some(({ inputs }) => inputs.kind === "Namespace"),
      false,
    );
    const name = await new Promise<string>((resolve) => operator?.deploymentName.apply(resolve));
    assert.equal(name, "media-gpumedia-operator");
  });

  it("refuses values that the chart would refuse, and says which", async () => {
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

  it("has a spec whose mistakes the compiler finds", () => {
    // @ts-expect-error -- no such member
    void (() => new GpuMediaService("x", { spec: { profil: "staging" } }));
  });
});
