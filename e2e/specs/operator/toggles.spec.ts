/** Children switched off and on, and objects of the same names that are not managed by this operator. */
import assert from "node:assert/strict";
import { childKinds, type ChildKindName } from "@gpumedia/operator/src/observe/child-kinds.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { ownership } from "@gpumedia/operator/src/kube/ownership.ts";
import { until } from "../../cluster/until.ts";
import { escaped } from "./leaves.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { writtenPart } from "./written.ts";

interface Switch {
  readonly kind: ChildKindName;
  readonly suffix?: string;
  readonly on: object;
  readonly off: object;
  /** The contents of an unmanaged object of that kind. */
  readonly foreign: object;
}

const parentRefs = [{ name: "public" }];
const gateway = { parentRefs, hostnames: ["media.example.com"] };
const ingress = { enabled: true, host: "media.example.com" };
const keda = { horizontal: { provider: "KEDA" } };
const target = { apiVersion: "apps/v1", kind: "Deployment", name: "theirs" };
const selector = { matchLabels: { app: "theirs" } };

/** Every optional child. */
const switches: readonly Switch[] = [
  {
    kind: "horizontalPodAutoscaler",
    on: {},
    off: { autoscaling: { horizontal: { enabled: false } } },
    foreign: { spec: { scaleTargetRef: target, maxReplicas: 3 } },
  },
  {
    kind: "scaledObject",
    on: { autoscaling: keda },
    off: {},
    foreign: { spec: { scaleTargetRef: { name: "theirs" }, triggers: [{ type: "cpu", metadata: { value: "60" } }] } },
  },
  {
    kind: "verticalPodAutoscaler",
    suffix: "-vpa",
    on: {},
    off: { autoscaling: { vertical: { enabled: false } } },
    foreign: { spec: { targetRef: target } },
  },
  {
    kind: "podDisruptionBudget",
    on: {},
    off: { podDisruptionBudget: { enabled: false } },
    foreign: { spec: { selector, maxUnavailable: 1 } },
  },
  {
    kind: "networkPolicy",
    on: {},
    off: { network: { networkPolicy: { enabled: false } } },
    foreign: { spec: { podSelector: selector } },
  },
  {
    kind: "ingress",
    on: { network: { ingress } },
    off: {},
    foreign: { spec: { defaultBackend: { service: { name: "theirs", port: { number: 80 } } } } },
  },
  {
    kind: "httpRoute",
    on: { network: { gateway } },
    off: {},
    foreign: { spec: { hostnames: ["theirs.example.com"] } },
  },
  {
    kind: "udpRoute",
    suffix: "-live",
    on: { live: { enabled: true, gateway: { parentRefs } } },
    off: {},
    foreign: { spec: { rules: [{ backendRefs: [{ name: "theirs" }] }] } },
  },
  {
    kind: "podMonitor",
    on: {},
    off: { monitoring: { podMonitor: false } },
    foreign: { spec: { selector, podMetricsEndpoints: [{ port: "http" }] } },
  },
];

describe("switchable children", () => {
  const work = operatorWorkspace();

  async function untilCreated(kind: ChildKindName, name: string): Promise<KubeObject> {
    return until(`${kind} ${name}`, () => work.get(childKinds[kind].type, name));
  }

  async function untilTaken(service: string, kind: ChildKindName, name: string): Promise<void> {
    const message = `${childKinds[kind].type.kind} ${name} belongs to an object that gpumedia did not create`;
    await work.untilCondition(service, "Stalled", { status: "True", reason: "NameTaken", message });
    await work.untilCondition(service, "Ready", { status: "False", reason: "NameTaken", message });
  }

  /** Its controllers may have written a status; nothing else may have changed. */
  async function assertUnchanged(kind: ChildKindName, before: KubeObject): Promise<void> {
    const now = await work.child(kind, before.metadata.name);
    const partsOf = (child: KubeObject): object => {
      const { uid, generation, ownerReferences } = child.metadata;
      return { uid, generation, ownerReferences, ...writtenPart(child) };
    };
    assert.deepEqual(partsOf(now), partsOf(before));
    assert.equal(ownership(now).by, "none");
  }

  for (const toggle of switches) {
    const { kind, suffix = "", on, off } = toggle;

    it(`${kind}${suffix} is deleted when switched off and recreated when switched on`, async () => {
      const service = `toggle-${kind.toLowerCase()}${suffix}`;
      const name = service + suffix;
      await work.apply(service, on);
      const first = await untilCreated(kind, name);
      await work.apply(service, off);
      await work.untilGone(childKinds[kind].type, name);
      await work.untilReady(service);
      await work.apply(service, on);
      const second = await untilCreated(kind, name);
      assert.notEqual(second.metadata.uid, first.metadata.uid);
      await work.untilReady(service);
    });

    for (const labelled of [false, true]) {
      it(`an unmanaged ${kind}${suffix} ${labelled ? "with" : "without"} our label stays unchanged and is named in the status`, async () => {
        const service = `taken-${kind.toLowerCase()}${suffix}${labelled ? "-l" : ""}`;
        const name = service + suffix;
        const labels = labelled ? { "gpumedia.io/service": service } : {};
        const theirs = await work.createObject(childKinds[kind].type, name, toggle.foreign, { labels });
        await work.apply(service, on);
        await untilTaken(service, kind, name);
        await assertUnchanged(kind, theirs);
        await work.apply(service, off);
        await work.untilReady(service);
        await assertUnchanged(kind, theirs);
        // The other children are created nevertheless.
        assert.ok((await work.children(service)).length >= 8);
      });
    }

    it(`${kind}${suffix} without its label is deleted when switched off`, async () => {
      const service = `lost-${kind.toLowerCase()}${suffix}`;
      const name = service + suffix;
      await work.apply(service, on);
      const { metadata } = await untilCreated(kind, name);
      await work.untilReady(service);
      const path = `/metadata/labels/${escaped("gpumedia.io/service")}`;
      // Without a wait in between: the operator may observe the second edit before it has repaired the first.
      await work.patch(childKinds[kind].type, name, [{ op: "remove", path }]);
      await work.apply(service, off);
      await until(`${kind} ${name} with the UID ${metadata.uid} to be deleted`, async (see) => {
        return see((await work.get(childKinds[kind].type, name))?.metadata)?.uid !== metadata.uid;
      });
      await work.untilGone(childKinds[kind].type, name);
    });
  }

  for (const kind of ["serviceAccount", "deployment", "service"] as const) {
    it(`an unmanaged ${kind} stays unchanged and is named in the status`, async () => {
      const service = `taken-${kind.toLowerCase()}`;
      const template = { metadata: { labels: { app: "theirs" } }, spec: { containers: [{ name: "c", image: "i" }] } };
      const contents = {
        serviceAccount: {},
        deployment: { spec: { selector, replicas: 0, template } },
        service: { spec: { ports: [{ port: 80 }] } },
      };
      const theirs = await work.createObject(childKinds[kind].type, service, contents[kind]);
      await work.apply(service, {});
      await untilTaken(service, kind, service);
      await assertUnchanged(kind, theirs);
      await work.delete(childKinds[kind].type, service);
      // Edits another child: this one may exist before the edit is observed.
      await work.apply(service, { autoscaling: { horizontal: { maxReplicas: 9 } } });
      await work.untilReady(service);
      assert.equal(ownership(await work.child(kind, service)).by, "create");
    });
  }

  it("an object owned by another controller is named with its owner", async () => {
    const { metadata } = await work.createObject(childKinds.configMap.type, "their-owner", {});
    const owner = { apiVersion: "v1", kind: "ConfigMap", name: "their-owner", uid: metadata.uid, controller: true };
    const { type } = childKinds.serviceAccount;
    const theirs = await work.createObject(type, "owned-by-another", {}, { ownerReferences: [owner] });
    await work.apply("owned-by-another", {});
    await work.untilCondition("owned-by-another", "Stalled", {
      reason: "NameTaken",
      message: "ServiceAccount owned-by-another belongs to ConfigMap their-owner",
    });
    await assertUnchanged("serviceAccount", theirs);
  });
});
