/** The shipped rights are those that are used: what is granted and never asked for is listed here, with who needs it. */
import assert from "node:assert/strict";
import { dcgmMetricsName } from "@gpumedia/operator/src/observe/names.ts";
import {
  childKind,
  childKinds,
  childName,
  childRoles,
  type ChildRole,
} from "@gpumedia/operator/src/observe/child-kinds.ts";
import {
  clusterReads,
  dcgmRules,
  metricsApiNamespaceRules,
  metricsApiRules,
  ownNamespaceRules,
  serviceRules,
} from "@gpumedia/install/src/rbac.ts";
import { operatorRbac } from "@gpumedia/install";
import { writeVerbs } from "../../cluster/audit.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "../operator/operator-cluster.ts";
import { unlessStatus, Workspace } from "../operator/workspace.ts";
import { grantedRights, usedRights } from "./rights.ts";

/** Of an object that has the name of a child already (toggles.spec.ts: "leaves alone"). */
const lookedAtWhenTaken = (right: string): boolean =>
  right.endsWith(" get") && childResources.has(right.split(" ")[0] ?? "");
const childResources = new Set(Object.values(childKinds).map(({ type }) => `${type.group}/${type.resource}`));

/** Asked for by other specs, or not by a request of its own. */
const elsewhere: Readonly<Record<string, string>> = {
  "gpumedia.io/gpumediaservices/finalizers update": "admission asks for it, of every child: see rbac.ts",
  "gpumedia.io/gpumedialoadtests/finalizers update": "admission asks for it, of every Job",
  "/serviceaccounts delete": "deletion.spec.ts: admission asks for it before an orphan is adopted",
  "/services delete": "deletion.spec.ts: admission asks for it before an orphan is adopted",
  "apps/deployments delete": "deletion.spec.ts: admission asks for it before an orphan is adopted",
  "gpumedia.io/gpumedialoadtests create": "load-test.spec.ts: a test of a rollout",
  "gpumedia.io/gpumedialoadtests delete": "load-test.spec.ts: tests past their time",
  "gpumedia.io/gpumedialoadtests/status patch": "load-test.spec.ts",
  "/pods patch": "loop/scale-in.spec.ts: which pods to keep in a scale-in",
  "batch/jobs create": "load-test.spec.ts",
  "events.k8s.io/events patch": "events.spec.ts: an event that happens again",
};

const everything = {
  autoscaling: { horizontal: { provider: "KEDA" } },
  network: {
    ingress: { enabled: true, host: "up.example.com" },
    gateway: { parentRefs: [{ name: "public" }], hostnames: ["gate.example.com"] },
  },
};
const nothing = {
  autoscaling: { horizontal: { enabled: false }, vertical: { enabled: false } },
  podDisruptionBudget: { enabled: false },
  network: { networkPolicy: { enabled: false } },
  monitoring: { dcgm: { enabled: false }, podMonitor: false, alerts: false, dashboard: false },
};

/** What the DCGM exporters are told. */
async function exported({ client, operatorNamespace }: Workspace): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${operatorNamespace}/configmaps/${dcgmMetricsName}`;
  const answer = await client.rawJson("GET", path).catch(unlessStatus(404));
  return (answer?.body as { data: { metrics: string } } | undefined)?.data.metrics;
}

describe("the shipped rights", function () {
  this.timeout(180_000);
  let work: Workspace;

  before(async () => (work = await Workspace.open(await operatorCluster())));
  after(() => work[Symbol.asyncDispose]());

  it("are all used, and none is missing", async () => {
    const operator = await work.startOperator();
    for (const [name, spec] of [
      ["keda", everything],
      ["hpa", {}],
    ] as const) {
      await work.apply(name, spec);
      await work.untilReady(name);
      for (const role of childRoles) await repaired(role, name);
    }
    for (const name of ["keda", "hpa"]) await work.apply(name, nothing);
    for (const name of ["keda", "hpa"]) {
      await until(`${name} to be without what can be left out`, async () => (await work.children(name)).length === 4);
    }
    assert.equal(await operator.end("SIGTERM"), "exit 0");
    await work.startOperator();

    const asked = work.cluster.audit
      .requests({ user: work.operatorUser })
      .filter(({ objectRef }) => objectRef !== undefined);
    const used = usedRights(asked);
    const refused = asked.filter(({ responseStatus }) => responseStatus?.code === 403);
    assert.deepEqual(
      refused.map(({ requestURI }) => requestURI),
      [],
    );
    const granted = grantedRights([...clusterReads, ...serviceRules, ...ownNamespaceRules]);
    assert.deepEqual(
      [...used].filter((right) => !granted.has(right)),
      [],
    );
    const unused = [...granted].filter((right) => !used.has(right) && !lookedAtWhenTaken(right));
    assert.deepEqual(
      unused.filter((right) => !(right in elsewhere)),
      [],
    );
  });

  it("suffice for single namespaces, two operators side by side, and reach no other", async () => {
    await using other = await Workspace.open(work.cluster);
    await using third = await Workspace.open(work.cluster);
    for (const one of [other, third]) {
      const { operatorNamespace: namespace } = one;
      const serviceAccount = "gpumedia-operator";
      const clusterRoleName = `${namespace}.${serviceAccount}`;
      const namespaces = [one.namespace];
      const rbac = operatorRbac({ namespace, serviceAccount, clusterRoleName, namespaces });
      const kubeconfig = await work.cluster.serviceAccountKubeconfig({ namespace, serviceAccount, rbac });
      await one.startOperator({ kubeconfig });
    }
    for (const one of [other, third]) {
      for (const field of ["DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED"]) {
        await one.apply("upscaler", { ...everything, monitoring: { dcgm: { fields: [field] } } });
        await until(`exporters to be told ${field}`, async () => (await exported(one))?.includes(field) === true);
      }
      await one.untilReady("upscaler");
      await one.apply("upscaler", nothing);
      await until("what can be left out to go", async () => {
        const gone = (await one.children("upscaler")).length === 4 && (await exported(one)) === undefined;
        return gone;
      });
      const asked = work.cluster.audit.requests({ user: one.operatorUser });
      assert.deepEqual(
        asked.filter(({ responseStatus }) => responseStatus?.code === 403).map(({ requestURI }) => requestURI),
        [],
      );
      const used = usedRights(asked.filter(({ objectRef }) => objectRef?.namespace === one.operatorNamespace));
      assert.deepEqual(
        [...grantedRights(dcgmRules)].filter((right) => !used.has(right)),
        [],
      );
      const written = asked.filter(({ verb }) => (writeVerbs as readonly string[]).includes(verb));
      const touched = new Set(written.map(({ objectRef }) => objectRef?.namespace));
      assert.deepEqual(touched, new Set([one.operatorNamespace, one.namespace]));
      const may = (namespace: string) =>
        work.cluster.kubectl("auth", "can-i", "list", "gpumediaservices", "-n", namespace, "--as", one.operatorUser);
      assert.equal((await may(one.namespace)).trim(), "yes");
      await assert.rejects(may(work.namespace), /code 1/);
    }
  });

  /** Somebody takes a label of ours away. */
  async function repaired(role: ChildRole, service: string): Promise<void> {
    const { type } = childKind(role);
    const name = childName(role, service);
    if ((await work.get(type, name)) === undefined) return;
    await work.patch(type, name, [{ op: "remove", path: "/metadata/labels/app.kubernetes.io~1part-of" }]);
    await until(`${type.kind} ${name} to be repaired`, async () => {
      const live = await work.get(type, name);
      return live?.metadata.labels?.["app.kubernetes.io/part-of"] === "gpumedia";
    });
  }

  it("have no wildcard, no Secret, nothing that grants rights or runs in pods", () => {
    const all = [
      clusterReads,
      serviceRules,
      ownNamespaceRules,
      dcgmRules,
      metricsApiRules,
      metricsApiNamespaceRules,
    ].flat();
    for (const right of grantedRights(all)) {
      assert.doesNotMatch(right, /\*|secrets|rbac\.|escalate|bind|impersonate|pods\/|serviceaccounts\/token/);
    }
  });
});
