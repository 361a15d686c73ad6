import assert from "node:assert/strict";
import { desiredChildren } from "./children.ts";
import { sampleContext, sampleService } from "./service.sample.ts";

describe("children", () => {
  const everything = [
    "ServiceAccount upscaler",
    "ConfigMap upscaler-config",
    "Deployment upscaler",
    "Service upscaler",
    "Service upscaler-live",
    "Service upscaler-peers",
    "HorizontalPodAutoscaler upscaler",
    "ScaledObject upscaler",
    "VerticalPodAutoscaler upscaler-vpa",
    "PodDisruptionBudget upscaler",
    "NetworkPolicy upscaler",
    "Ingress upscaler",
    "HTTPRoute upscaler",
    "UDPRoute upscaler-live",
    "PodMonitor upscaler",
    "PrometheusRule upscaler",
    "ConfigMap upscaler-dashboard",
  ];
  /** Only of a service whose image is older, and of none. */
  const older = ["PrometheusRule upscaler", "ConfigMap upscaler-dashboard"];
  const live = ["Service upscaler-live", "Service upscaler-peers"];
  const cases: {
    readonly [title: string]: {
      readonly spec: object;
      /** Those without a manifest. */
      readonly absent: readonly string[];
    };
  } = {
    "those of the guide": {
      spec: {},
      absent: [
        ...live,
        "ScaledObject upscaler",
        "Ingress upscaler",
        "HTTPRoute upscaler",
        "UDPRoute upscaler-live",
        ...older,
      ],
    },
    "those of the development profile": {
      spec: { profile: "development" },
      absent: [
        ...live,
        "HorizontalPodAutoscaler upscaler",
        "ScaledObject upscaler",
        "VerticalPodAutoscaler upscaler-vpa",
        "PodDisruptionBudget upscaler",
        "Ingress upscaler",
        "HTTPRoute upscaler",
        "UDPRoute upscaler-live",
        ...older,
      ],
    },
    "those of a service with all of them": {
      spec: {
        network: {
          ingress: { enabled: true, host: "upscaler.example.com" },
          gateway: { parentRefs: [{ name: "public" }] },
        },
        autoscaling: { horizontal: { provider: "KEDA" } },
        live: { enabled: true, gateway: { parentRefs: [{ name: "turn" }] } },
      },
      absent: ["HorizontalPodAutoscaler upscaler", ...older],
    },
  };
  for (const [title, { spec, absent }] of Object.entries(cases)) {
    it(`are always listed, desired or not: ${title}`, () => {
      const children = desiredChildren(sampleService(spec), sampleContext);
      const named = (list: typeof children) => list.map(({ kind, name }) => `${kind.type.kind} ${name}`);
      assert.deepEqual(
        { all: named(children), absent: named(children.filter(({ manifest }) => manifest === null)) },
        { all: everything, absent },
      );
    });
  }

  it("have the kind, name and namespace of their manifest", () => {
    for (const { kind, name, manifest } of desiredChildren(sampleService(), sampleContext)) {
      if (manifest === null) continue;
      assert.deepEqual(
        { kind: manifest.kind, name: manifest.metadata.name, namespace: manifest.metadata.namespace },
        { kind: kind.type.kind, name, namespace: "media" },
      );
    }
  });

  it("are identical for the same service, byte by byte", () => {
    const render = () => JSON.stringify(desiredChildren(sampleService(), sampleContext));
    assert.equal(render(), render());
  });
});
