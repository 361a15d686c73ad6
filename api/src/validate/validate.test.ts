import assert from "node:assert/strict";
import { pathOf } from "../schema/paths.ts";
import { validateFile, validateStored } from "./index.ts";

const service = (spec: unknown, metadata: unknown = { name: "a" }) => ({
  apiVersion: "gpumedia.io/v1alpha1",
  kind: "GpuMediaService",
  metadata,
  spec,
});

function found(findings: ReturnType<typeof validateFile.GpuMediaService>): Record<string, string> {
  return Object.fromEntries(findings.map(({ keys, message }) => [pathOf(keys), message]));
}

describe("a service in a file", () => {
  const cases: { title: string; object: unknown; says: Record<string, string> }[] = [
    { title: "nothing but a name", object: service({}), says: {} },
    { title: "a status, as the server prints it", object: { ...service({}), status: { anything: 1 } }, says: {} },
    { title: "no mapping", object: "x", says: { "": 'is the text "x", but must be a mapping' } },
    {
      title: "a mistyped field",
      object: service({ autoscaling: { horizontal: { minReplica: 2 } } }),
      says: { "spec.autoscaling.horizontal.minReplica": "unknown field minReplica: did you mean minReplicas?" },
    },
    {
      title: "two letters that changed places",
      object: service({ sol: {} }),
      says: { "spec.sol": "unknown field sol: did you mean slo?" },
    },
    {
      title: "a field of another section",
      object: service({ horizontal: {}, drain: { minReplicas: 2 } }),
      says: {
        "spec.horizontal": "unknown field horizontal: did you mean spec.autoscaling.horizontal?",
        "spec.drain.minReplicas": "unknown field minReplicas: did you mean spec.autoscaling.horizontal.minReplicas?",
      },
    },
    {
      title: "a broken rule beside a wrong value elsewhere",
      object: service({ drain: { timeout: 30 }, autoscaling: { horizontal: { minReplicas: 8, maxReplicas: 3 } } }),
      says: {
        "spec.drain.timeout": "is 30, but must be a duration in whole seconds, such as 90s or 5m",
        "spec.autoscaling.horizontal.minReplicas": "minReplicas is above maxReplicas: lower the one or raise the other",
      },
    },
    {
      title: "a wrong value that would break the rule about it, too",
      object: service({ autoscaling: { horizontal: { minReplicas: "8", maxReplicas: 3 } } }),
      says: { "spec.autoscaling.horizontal.minReplicas": 'is the text "8", but must be a whole number' },
    },
    {
      title: "a field that is like no other",
      object: service({ drain: { sparkle: true } }),
      says: { "spec.drain.sparkle": "unknown field sparkle: remove it (known here: timeout)" },
    },
    {
      title: "a field of metadata, which a server would drop without a word",
      object: service({}, { name: "a", lables: {} }),
      says: { "metadata.lables": "unknown field lables: did you mean labels?" },
    },
    { title: "no name", object: service({}, {}), says: { metadata: "needs name: add it" } },
    { title: "a name that the server makes", object: service({}, { generateName: "a-" }), says: {} },
    {
      title: "a name that the server makes too long",
      object: service({}, { generateName: "a".repeat(50) }),
      says: {
        "metadata.name":
          "the name is too long for the children that are named after it (such as NAME-dashboard): use at most 53 characters",
      },
    },
    {
      title: "wrong types",
      object: service({ suspend: "yes", replicas: 2.5, processing: { env: {}, batch: [] }, drain: { timeout: 30 } }),
      says: {
        "spec.suspend": 'is the text "yes", but must be true or false',
        "spec.replicas": "is 2.5, but must be a whole number",
        "spec.processing.env": "is a mapping, but must be a list",
        "spec.processing.batch": "is a list, but must be a mapping",
        "spec.drain.timeout": "is 30, but must be a duration in whole seconds, such as 90s or 5m",
      },
    },
    {
      title: "a bare Off, which YAML reads as false",
      object: service({ autoscaling: { vertical: { mode: false } } }),
      says: {
        "spec.autoscaling.vertical.mode":
          "is false, but must be one of Off, Initial, Recreate, InPlaceOrRecreate, Auto, as text: put it in quotes",
      },
    },
    {
      title: "a value that is none of the known ones",
      object: service({ processing: { logLevel: "warning" }, rollout: { strategy: "RollingUpdate" } }),
      says: {
        "spec.processing.logLevel": 'is the text "warning", but must be one of trace, debug, info, warn, error',
        "spec.rollout.strategy": 'is the text "RollingUpdate", but must be one of Auto, Surge, InPlace, Recreate',
      },
    },
    {
      title: "a value that is nearly a known one",
      object: service({ rollout: { strategy: "inplace" } }),
      says: {
        "spec.rollout.strategy":
          'is the text "inplace", but must be one of Auto, Surge, InPlace, Recreate: did you mean InPlace?',
      },
    },
    {
      title: "out of bounds",
      object: service({
        autoscaling: {
          horizontal: { minReplicas: 0, gpuUtilizationPercent: 101, behavior: { scaleUp: { policies: [] } } },
        },
        scheduling: { priorityClassName: "" },
        processing: { upstream: { allowedHosts: Array.from({ length: 101 }, (_, index) => `h${index}.example`) } },
      }),
      says: {
        "spec.autoscaling.horizontal.minReplicas": "is 0, but must be at least 1",
        "spec.autoscaling.horizontal.gpuUtilizationPercent": "is 101, but must be at most 100",
        "spec.autoscaling.horizontal.behavior.scaleUp.policies": "needs at least 1 item",
        "spec.scheduling.priorityClassName": "is empty: give a value, or leave it out",
        "spec.processing.upstream.allowedHosts": "has 101 items, but may have at most 100",
      },
    },
    {
      title: "something that is needed",
      object: service({ network: { gateway: { parentRefs: [{ namespace: "gateways" }] } } }),
      says: { "spec.network.gateway.parentRefs[0]": "needs name: add it" },
    },
    {
      title: "one thing twice",
      object: service({
        processing: { env: [{ name: "A" }, { name: "A", value: "b" }] },
        monitoring: { dcgm: { fields: ["DCGM_FI_A", "DCGM_FI_A"] } },
      }),
      says: {
        "spec.processing.env": "names one thing twice: remove one of the two",
        "spec.monitoring.dcgm.fields": "names one thing twice: remove one of the two",
      },
    },
  ];
  for (const { title, object, says } of cases) {
    it(title, () => assert.deepEqual(found(validateFile.GpuMediaService(object)), says));
  }
});

describe("a quantity", () => {
  const accepted = [0, 4, "0", "0.1", ".5", "1.", "+1", "500m", "4Gi", "1e3", "1E-3", "12E", "9k", "1n"];
  const refused = ["-1", -1, 0.1, "", "1 Gi", "4gi", "1Ki2", "1e", "e3", "1.2.3", "four", true, "9".repeat(16)];
  for (const value of accepted) {
    it(`${JSON.stringify(value)} is one`, () =>
      assert.deepEqual(found(validateFile.GpuMediaService(service({ slo: { memory: value } }))), {}));
  }
  for (const value of refused) {
    it(`${JSON.stringify(value)} is none`, () =>
      assert.deepEqual(Object.keys(found(validateFile.GpuMediaService(service({ slo: { memory: value } })))), [
        "spec.slo.memory",
      ]));
  }
});

describe("a duration", () => {
  const cases: readonly (readonly [field: object, accepted: readonly string[], refused: readonly string[]])[] = [
    [{ slo: { latencyP95: "" } }, ["20ms", "1.5s", "1m30s", "0s"], ["20", "1.s", "-1s", "1d", "", "1s1s1s1s"]],
    [{ drain: { timeout: "" } }, ["0s", "90s", "1h30m"], ["1.5s", "500ms", "1"]],
    [{ monitoring: { scrapeInterval: "" } }, ["1s", "015s", "1m0s"], ["0s", "00m", "500ms"]],
  ];
  for (const [field, accepted, refused] of cases) {
    const at = JSON.stringify(field);
    const check = (value: string) =>
      found(validateFile.GpuMediaService(service(JSON.parse(at.replace('""', JSON.stringify(value))))));
    for (const value of accepted) it(`${at} may be "${value}"`, () => assert.deepEqual(check(value), {}));
    for (const value of refused)
      it(`${at} may not be "${value}"`, () => assert.equal(Object.keys(check(value)).length, 1));
  }
});

describe("a stored service", () => {
  it("may have fields that this version does not know, however deep", () => {
    const object = service({
      sparkle: 1,
      gpu: { count: 1, brand: "x" },
      processing: { env: [{ name: "A", secret: true }] },
    });
    assert.deepEqual(validateStored.GpuMediaService(object), []);
    assert.equal(validateFile.GpuMediaService(object).length, 3);
  });

  it("may not have values of other types", () => {
    assert.deepEqual(found(validateStored.GpuMediaService(service({ gpu: 1, slo: null }))), {
      "spec.gpu": "is 1, but must be a mapping",
      "spec.slo": "is empty, but must be a mapping",
    });
  });
});
