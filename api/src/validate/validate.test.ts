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
  const cases: Readonly<Record<string, { object: unknown; expected: Record<string, string> }>> = {
    "accepts a name alone": { object: service({}), expected: {} },
    "accepts a status, as kubectl get prints it": {
      object: { ...service({}), status: { anything: 1 } },
      expected: {},
    },
    "rejects a value that is not a mapping": {
      object: "x",
      expected: { "": 'is the text "x", but must be a mapping' },
    },
    "suggests a field for a mistyped one": {
      object: service({ autoscaling: { horizontal: { minReplica: 2 } } }),
      expected: { "spec.autoscaling.horizontal.minReplica": "unknown field minReplica: did you mean minReplicas?" },
    },
    "suggests a field for one with two swapped letters": {
      object: service({ sol: {} }),
      expected: { "spec.sol": "unknown field sol: did you mean slo?" },
    },
    "suggests the path of a field in another section": {
      object: service({ horizontal: {}, drain: { minReplicas: 2 } }),
      expected: {
        "spec.horizontal": "unknown field horizontal: did you mean spec.autoscaling.horizontal?",
        "spec.drain.minReplicas": "unknown field minReplicas: did you mean spec.autoscaling.horizontal.minReplicas?",
      },
    },
    "reports a broken rule together with an unrelated wrong value": {
      object: service({ drain: { timeout: 30 }, autoscaling: { horizontal: { minReplicas: 8, maxReplicas: 3 } } }),
      expected: {
        "spec.drain.timeout": "is 30, but must be a duration in whole seconds, such as 90s or 5m",
        "spec.autoscaling.horizontal.minReplicas": "minReplicas must not be greater than maxReplicas",
      },
    },
    "skips a rule on a value of the wrong type": {
      object: service({ autoscaling: { horizontal: { minReplicas: "8", maxReplicas: 3 } } }),
      expected: { "spec.autoscaling.horizontal.minReplicas": 'is the text "8", but must be a whole number' },
    },
    "lists the allowed fields for an unknown one": {
      object: service({ drain: { sparkle: true } }),
      expected: { "spec.drain.sparkle": "unknown field sparkle: remove it (allowed fields: timeout)" },
    },
    "rejects an unknown field of metadata, which the server would silently drop": {
      object: service({}, { name: "a", lables: {} }),
      expected: { "metadata.lables": "unknown field lables: did you mean labels?" },
    },
    "explains what live video needs": {
      object: service({
        live: {
          udpPort: 80,
          service: { type: "Loadbalancer" },
          publicAddresses: ["lb.example.com"],
          iceServers: ["https://turn.example.com"],
          tokenSecretRef: { name: "live" },
          timeouts: { silent: "0s" },
        },
      }),
      expected: {
        "spec.live.udpPort": "is 80, but must be at least 1024",
        "spec.live.service.type":
          'is the text "Loadbalancer", but must be one of LoadBalancer, NodePort, ClusterIP: did you mean LoadBalancer?',
        "spec.live.publicAddresses[0]": 'is the text "lb.example.com", but must be an IP address, such as 203.0.113.7',
        "spec.live.iceServers[0]":
          'is the text "https://turn.example.com", but must be the URL of a STUN or TURN server, such as turn:turn.example.com:3478?transport=tcp',
        "spec.live.tokenSecretRef": "key is required",
        "spec.live.timeouts.silent":
          'is the text "0s", but must be a duration in whole seconds above 0, such as 90s or 5m',
      },
    },
    "requires a name": { object: service({}, {}), expected: { metadata: "name is required" } },
    "accepts generateName": { object: service({}, { generateName: "a-" }), expected: {} },
    "rejects a generateName that leads to a name that is too long": {
      object: service({}, { generateName: "a".repeat(50) }),
      expected: {
        "metadata.name":
          "the name must be at most 53 characters, as the names of its children add to it (such as NAME-dashboard)",
      },
    },
    "rejects wrong types": {
      object: service({ suspend: "yes", replicas: 2.5, processing: { env: {}, batch: [] }, drain: { timeout: 30 } }),
      expected: {
        "spec.suspend": 'is the text "yes", but must be true or false',
        "spec.replicas": "is 2.5, but must be a whole number",
        "spec.processing.env": "is a mapping, but must be a list",
        "spec.processing.batch": "is a list, but must be a mapping",
        "spec.drain.timeout": "is 30, but must be a duration in whole seconds, such as 90s or 5m",
      },
    },
    "explains a bare Off, which YAML reads as false": {
      object: service({ autoscaling: { vertical: { mode: false } } }),
      expected: {
        "spec.autoscaling.vertical.mode":
          "is false, but must be one of Off, Initial, Recreate, InPlaceOrRecreate, Auto, as text: put it in quotes",
      },
    },
    "lists the allowed values": {
      object: service({ processing: { logLevel: "warning" }, rollout: { strategy: "RollingUpdate" } }),
      expected: {
        "spec.processing.logLevel": 'is the text "warning", but must be one of trace, debug, info, warn, error',
        "spec.rollout.strategy": 'is the text "RollingUpdate", but must be one of Auto, Surge, InPlace, Recreate',
      },
    },
    "suggests a value for a mistyped one": {
      object: service({ rollout: { strategy: "inplace" } }),
      expected: {
        "spec.rollout.strategy":
          'is the text "inplace", but must be one of Auto, Surge, InPlace, Recreate: did you mean InPlace?',
      },
    },
    "rejects values that are out of bounds": {
      object: service({
        autoscaling: {
          horizontal: { minReplicas: 0, gpuUtilizationPercent: 101, behavior: { scaleUp: { policies: [] } } },
        },
        scheduling: { priorityClassName: "" },
        processing: { upstream: { allowedHosts: Array.from({ length: 101 }, (_, index) => `h${index}.example`) } },
      }),
      expected: {
        "spec.autoscaling.horizontal.minReplicas": "is 0, but must be at least 1",
        "spec.autoscaling.horizontal.gpuUtilizationPercent": "is 101, but must be at most 100",
        "spec.autoscaling.horizontal.behavior.scaleUp.policies": "needs at least 1 item",
        "spec.scheduling.priorityClassName": "is empty: give a value, or leave it out",
        "spec.processing.upstream.allowedHosts": "has 101 items, but may have at most 100",
      },
    },
    "requires a field of a list item": {
      object: service({ network: { gateway: { parentRefs: [{ namespace: "gateways" }] } } }),
      expected: { "spec.network.gateway.parentRefs[0]": "name is required" },
    },
    "rejects duplicate list items": {
      object: service({
        processing: { env: [{ name: "A" }, { name: "A", value: "b" }] },
        monitoring: { dcgm: { fields: ["DCGM_FI_A", "DCGM_FI_A"] } },
      }),
      expected: {
        "spec.processing.env": "has duplicate entries: remove one of them",
        "spec.monitoring.dcgm.fields": "has duplicate entries: remove one of them",
      },
    },
  };
  for (const [title, { object, expected }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(found(validateFile.GpuMediaService(object)), expected));
  }
});

describe("a quantity", () => {
  const accepted = [0, 4, "0", "0.1", ".5", "1.", "+1", "500m", "4Gi", "1e3", "1E-3", "12E", "9k", "1n"];
  const refused = ["-1", -1, 0.1, "", "1 Gi", "4gi", "1Ki2", "1e", "e3", "1.2.3", "four", true, "9".repeat(16)];
  for (const value of accepted) {
    it(`may be ${JSON.stringify(value)}`, () =>
      assert.deepEqual(found(validateFile.GpuMediaService(service({ slo: { memory: value } }))), {}));
  }
  for (const value of refused) {
    it(`must not be ${JSON.stringify(value)}`, () =>
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
  it("may have unknown fields at any depth", () => {
    const object = service({
      sparkle: 1,
      gpu: { count: 1, brand: "x" },
      processing: { env: [{ name: "A", secret: true }] },
    });
    assert.deepEqual(validateStored.GpuMediaService(object), []);
    assert.equal(validateFile.GpuMediaService(object).length, 3);
  });

  it("must not have values of other types", () => {
    assert.deepEqual(found(validateStored.GpuMediaService(service({ gpu: 1, slo: null }))), {
      "spec.gpu": "is 1, but must be a mapping",
      "spec.slo": "is empty, but must be a mapping",
    });
  });
});
