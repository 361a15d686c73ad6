import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { networkPolicy } from "./network-policy.ts";
import { podTemplate } from "./pod-template.ts";
import { isAssigned } from "./pod-user.ts";
import { sampleContext, sampleService } from "./service.sample.ts";

type RunAs = NonNullable<GpuMediaServiceSpec["podSecurity"]>["runAs"];

const featuresOf = (securityContextConstraints: boolean) => ({ ...sampleContext.features, securityContextConstraints });

describe("the user of the pods", () => {
  const cases: { readonly [title: string]: readonly [runAs: RunAs, openShift: boolean, assigned: boolean] } = {
    "is the image's by default": [undefined, false, false],
    "is assigned by OpenShift": ["Auto", true, true],
    "is assigned where the spec says so": ["Platform", false, true],
    "is the image's on OpenShift where the spec says so": ["Image", true, false],
  };
  for (const [title, [runAs, openShift, assigned]] of Object.entries(cases)) {
    it(title, () => {
      const spec = runAs === undefined ? {} : { podSecurity: { runAs } };
      assert.equal(isAssigned(sampleService(spec), featuresOf(openShift)), assigned);
    });
  }
});

describe("the pods on OpenShift", () => {
  const service = sampleService();
  const { spec } = podTemplate(service, { ...sampleContext, features: featuresOf(true) }) as {
    spec: {
      securityContext: Record<string, unknown>;
      containers: { securityContext: object }[];
      volumes: Record<string, unknown>[];
    };
  };

  // https://github.com/openshift/cluster-kube-apiserver-operator/tree/master/bindata/bootkube/scc-manifests
  it("pass the SecurityContextConstraints restricted-v2 as OpenShift publishes them", () => {
    assert.deepEqual(spec.securityContext, {
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
      sysctls: spec.securityContext["sysctls"],
    });
    for (const { securityContext } of spec.containers) {
      assert.deepEqual(securityContext, {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        readOnlyRootFilesystem: true,
      });
    }
    const allowed = new Set(["configMap", "downwardAPI", "emptyDir", "persistentVolumeClaim", "projected", "secret"]);
    const types = spec.volumes.flatMap((volume) => Object.keys(volume).filter((member) => member !== "name"));
    assert.deepEqual(
      types.filter((type) => !allowed.has(type)),
      [],
    );
  });

  it("reach the DNS pods, which listen on 5353", () => {
    const policy = networkPolicy(service, { ...sampleContext, features: featuresOf(true) });
    const [dns] = (policy as unknown as { spec: { egress: { ports: { port: number }[] }[] } }).spec.egress;
    assert.deepEqual(
      dns?.ports.map(({ port }) => port),
      [53, 53, 5353, 5353],
    );
  });
});
