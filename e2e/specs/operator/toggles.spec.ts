/** Children that are switched off and on, and objects of their names that are not ours. */
import assert from "node:assert/strict";
import { childKinds, type ChildKindName } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { apiVersionOf, type KubeObject, type Manifest } from "@gpumedia/operator/src/kube/object.ts";
import { ownership } from "@gpumedia/operator/src/kube/ownership.ts";
import { until } from "../../cluster/until.ts";
import { escaped } from "./leaves.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

interface Switch {
  readonly kind: ChildKindName;
  readonly suffix?: string;
  readonly on: object;
  readonly off: object;
  /** The contents of somebody else's object of that kind. */
  readonly foreign: object;
}

const gateway = { parentRefs: [{ name: "public" }], hostnames: ["media.example.com"] };
const ingress = { enabled: true, host: "media.example.com" };
const keda = { horizontal: { provider: "KEDA" } };
const target = { apiVersion: "apps/v1", kind: "Deployment", name: "theirs" };
const selector = { matchLabels: { app: "theirs" } };

/** Every child that a service can be without. */
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
    kind: "podMonitor",
    on: {},
    off: { monitoring: { podMonitor: false } },
    foreign: { spec: { selector, podMetricsEndpoints: [{ port: "http" }] } },
  },
  { kind: "prometheusRule", on: {}, off: { monitoring: { alerts: false } }, foreign: { spec: { groups: [] } } },
  {
    kind: "configMap",
    suffix: "-dashboard",
    on: {},
    off: { monitoring: { dashboard: false } },
    foreign: { data: { theirs: "yes" } },
  },
];

describe("children that are switched off and on", function () {
  this.timeout(120_000);
  let work: Workspace;

  before(async () => {
    work = await Workspace.open(await operatorCluster());
    await work.startOperator();
  });
  after(() => work?.[Symbol.asyncDispose]());

  async function untilGone(kind: ChildKindName, name: string): Promise<void> {
    await until(`${kind} ${name} to be gone`, async () =>
      (await work.get(childKinds[kind].type, name)) === undefined ? true : undefined,
    );
  }

  async function untilThere(kind: ChildKindName, name: string): Promise<KubeObject> {
    return until(`${kind} ${name}`, () => work.get(childKinds[kind].type, name));
  }

  /** Somebody else's, without a label of ours unless `labels` says so. */
  async function foreign({ kind, foreign: contents }: Switch, name: string, labels?: object): Promise<KubeObject> {
    const { type } = childKinds[kind];
    const metadata = { name, namespace: work.namespace, ...(labels === undefined ? {} : { labels }) };
    return work.createChild(childKinds[kind], {
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata,
      ...contents,
    } as Manifest);
  }

  async function untilTaken(service: string, kind: ChildKindName, name: string): Promise<void> {
    const says = `${childKinds[kind].type.kind} ${name} belongs to an object that gpumedia did not create`;
    await work.untilCondition(service, "Stalled", { status: "True", reason: "NameTaken", says });
    await work.untilCondition(service, "Ready", { status: "False", reason: "NameTaken", says });
  }

  /** Its controllers may write a status; nobody else may have touched it. */
  async function assertUntouched(kind: ChildKindName, before: KubeObject): Promise<void> {
    const now = await untilThere(kind, before.metadata.name);
    assert.deepEqual(lasting(now), lasting(before));
    assert.equal(ownership(now).by, "none");
  }

  for (const toggle of switches) {
    const { kind, suffix = "", on, off } = toggle;

    it(`${kind}${suffix} goes and comes`, async () => {
      const service = `toggle-${kind.toLowerCase()}${suffix}`;
      const name = service + suffix;
      await work.apply(service, on);
      const first = await untilThere(kind, name);
      await work.apply(service, off);
      await untilGone(kind, name);
      await work.untilReady(service);
      await work.apply(service, on);
      const second = await untilThere(kind, name);
      assert.notEqual(second.metadata.uid, first.metadata.uid);
      await work.untilReady(service);
    });

    for (const labelled of [false, true]) {
      it(`${kind}${suffix} of somebody else, ${labelled ? "with" : "without"} our label, is left alone and named`, async () => {
        const service = `taken-${kind.toLowerCase()}${suffix}${labelled ? "-l" : ""}`;
        const name = service + suffix;
        const theirs = await foreign(toggle, name, labelled ? { "gpumedia.io/service": service } : undefined);
        await work.apply(service, on);
        await untilTaken(service, kind, name);
        await assertUntouched(kind, theirs);
        await work.apply(service, off);
        await work.untilReady(service);
        await assertUntouched(kind, theirs);
        // What the other children need is done all the same.
        assert.ok((await work.children(service)).length >= 10);
      });
    }

    it(`${kind}${suffix} that has lost its label is removed when it is switched off`, async () => {
      const service = `lost-${kind.toLowerCase()}${suffix}`;
      const name = service + suffix;
      await work.apply(service, on);
      const { metadata } = await untilThere(kind, name);
      await work.untilReady(service);
      // In one turn of the administrator's: the operator may see the second before it has repaired the first.
      const path = `/metadata/labels/${escaped("gpumedia.io/service")}`;
      await work.patch(childKinds[kind].type, name, [{ op: "remove", path }]);
      await work.apply(service, off);
      await until("its removal", async () => {
        const live = await work.get(childKinds[kind].type, name);
        return live === undefined || live.metadata.uid !== metadata.uid ? true : undefined;
      });
      await untilGone(kind, name);
    });
  }

  for (const kind of ["serviceAccount", "deployment", "service"] as const) {
    it(`${kind} of somebody else is left alone and named`, async () => {
      const service = `taken-${kind.toLowerCase()}`;
      const template = { metadata: { labels: { app: "theirs" } }, spec: { containers: [{ name: "c", image: "i" }] } };
      const contents = {
        serviceAccount: {},
        deployment: { spec: { selector, replicas: 0, template } },
        service: { spec: { ports: [{ port: 80 }] } },
      };
      const theirs = await foreign({ kind, on: {}, off: {}, foreign: contents[kind] }, service);
      await work.apply(service, {});
      await untilTaken(service, kind, service);
      await assertUntouched(kind, theirs);
      await work.delete(childKinds[kind].type, service);
      // An edit that changes another child: this one may be there before the edit is seen.
      await work.apply(service, { autoscaling: { horizontal: { maxReplicas: 9 } } });
      await work.untilReady(service);
      assert.equal(ownership(await work.child(kind, service)).by, "create");
    });
  }

  it("an object that another controller owns is named with its owner", async () => {
    const { metadata } = await foreign({ kind: "configMap", on: {}, off: {}, foreign: {} }, "their-owner");
    const owner = { apiVersion: "v1", kind: "ConfigMap", name: "their-owner", uid: metadata.uid, controller: true };
    const manifest = {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "owned-by-another", namespace: work.namespace, ownerReferences: [owner] },
    };
    const theirs = await work.createChild(childKinds.serviceAccount, manifest);
    await work.apply("owned-by-another", {});
    await work.untilCondition("owned-by-another", "Stalled", {
      reason: "NameTaken",
      says: "ServiceAccount owned-by-another belongs to ConfigMap their-owner",
    });
    await assertUntouched("serviceAccount", theirs);
  });
});

/** All that the operator could have written: not the status, nor what a Deployment's controller counts. */
function lasting({ metadata, ...rest }: KubeObject): object {
  const { status: _status, ...contents } = rest as { readonly status?: unknown };
  const { uid, generation, labels = {}, ownerReferences = [], annotations = {} } = metadata;
  const { "deployment.kubernetes.io/revision": _revision, ...others } = annotations;
  return { uid, generation, labels, ownerReferences, annotations: others, ...contents };
}
