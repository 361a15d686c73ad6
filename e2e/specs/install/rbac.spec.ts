/** The operator's permissions: all are used. Those that no request in this file needs are listed with what needs them. */
import assert from "node:assert/strict";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { dcgmMetricsName, sharedLabel, sharedRulesName } from "@gpumedia/operator/src/observe/names.ts";
import {
  childKind,
  childKinds,
  childName,
  childRoles,
  type NamedRole,
} from "@gpumedia/operator/src/observe/child-kinds.ts";
import {
  clusterReads,
  sharedRules,
  metricsApiNamespaceRules,
  metricsApiRules,
  ownNamespaceRules,
  profileRules,
  serviceRules,
} from "@gpumedia/install/src/rbac.ts";
import { operatorRbac } from "@gpumedia/install";
import type { AuditEvent } from "../../cluster/audit.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "../operator/operator-cluster.ts";
import { isSince } from "../../cluster/kubernetes-version.ts";
import { unlessStatus, Workspace } from "../operator/workspace.ts";
import { forbidden, grantedRights, usedRights, writtenNamespaces } from "./rights.ts";

/** Reads an object that has the name of a child but another owner (toggles.spec.ts). */
const readsNamesake = (right: string): boolean =>
  right.endsWith(" get") && childResources.has(right.split(" ")[0] ?? "");
const childResources = new Set(Object.values(childKinds).map(({ type }) => `${type.group}/${type.resource}`));

/** An API server that streams lists needs it only when that fails: see list-watch-faults.spec.ts. */
const listsInPages = (right: string, used: ReadonlySet<string>): boolean =>
  right.endsWith(" list") && used.has(right.replace(/list$/, "watch"));

/** The API that it is for. */
const isServed = (right: string): boolean => isSince("1.34") || !right.startsWith("resource.k8s.io/");

/** Used by other specs, or required by admission. */
const elsewhere: Readonly<Record<string, string>> = {
  "gpumedia.io/gpumediaservices/finalizers update": "admission requires it for every child: see rbac.ts",
  "gpumedia.io/gpumedialoadtests/finalizers update": "admission requires it for every Job",
  "/serviceaccounts delete": "deletion.spec.ts: admission requires it to adopt an orphan",
  "/services delete": "deletion.spec.ts: admission requires it to adopt an orphan",
  "apps/deployments delete": "deletion.spec.ts: admission requires it to adopt an orphan",
  "gpumedia.io/gpumedialoadtests create": "load-test.spec.ts: the test after a rollout",
  "gpumedia.io/gpumedialoadtests delete": "load-test.spec.ts: expired tests",
  "gpumedia.io/gpumedialoadtests/status patch": "load-test.spec.ts",
  "/pods patch": "loop/scale-in.spec.ts: the cost of deleting a pod",
  "batch/jobs create": "load-test.spec.ts",
  "batch/jobs delete": "load-test.spec.ts: a Job whose pod is rejected",
  "/events list": "load-test.spec.ts: why a Job has no pod",
  "resource.k8s.io/resourceclaimtemplates create": "claims.spec.ts",
  "resource.k8s.io/resourceclaimtemplates delete": "claims.spec.ts: one that no ReplicaSet uses",
  "resource.k8s.io/resourceclaimtemplates patch": "claims.spec.ts: one whose label was removed",
  "karpenter.sh/nodeclaims get": "peers/karpenter.spec.ts",
  "monitoring.coreos.com/prometheuses list": "other-controllers.spec.ts",
  "monitoring.coreos.com/prometheuses watch": "other-controllers.spec.ts",
  "monitoring.coreos.com/prometheusrules patch": "shared-monitoring.spec.ts",
  "monitoring.coreos.com/thanosrulers list": "as Prometheuses",
  "monitoring.coreos.com/thanosrulers watch": "as Prometheuses",
  "resource.k8s.io/devicetaintrules list": "dra.spec.ts, since Kubernetes 1.37",
  "resource.k8s.io/devicetaintrules watch": "dra.spec.ts, since Kubernetes 1.37",
  "events.k8s.io/events patch": "events.spec.ts: a repeated event",
};

const everything = {
  autoscaling: { horizontal: { provider: "KEDA" } },
  network: {
    ingress: { enabled: true, host: "up.example.com" },
    gateway: { parentRefs: [{ name: "public" }], hostnames: ["gate.example.com"] },
  },
  live: { enabled: true, gateway: { parentRefs: [{ name: "turn" }] } },
};
const nothing = {
  autoscaling: { horizontal: { enabled: false }, vertical: { enabled: false } },
  podDisruptionBudget: { enabled: false },
  network: { networkPolicy: { enabled: false } },
  monitoring: { dcgm: { enabled: false }, podMonitor: false, alerts: false, dashboard: false },
};

/** Returns the list of metrics for the DCGM exporters, or undefined if there is none. */
async function dcgmMetrics({ client, operatorNamespace }: Workspace): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${operatorNamespace}/configmaps/${dcgmMetricsName}`;
  const answer = await client.rawJson("GET", path).catch(unlessStatus(404));
  return (answer?.body as { data: { metrics: string } } | undefined)?.data.metrics;
}

function sharedRulesOf({ client, operatorNamespace }: Workspace): Promise<KubeObject | undefined> {
  return client.get(childKinds.prometheusRule.type, operatorNamespace, sharedRulesName).catch(unlessStatus(404));
}

/** Removes the rules' groups, and waits until they are restored. */
async function sharedRulesRepaired(one: Workspace): Promise<void> {
  const groups = async (): Promise<unknown> =>
    ((await sharedRulesOf(one)) as { spec?: { groups?: unknown } })?.spec?.groups;
  await until("the shared rules", groups);
  const remove = [{ op: "remove", path: "/spec/groups" }] as const;
  await one.client.jsonPatch(childKinds.prometheusRule.type, one.operatorNamespace, sharedRulesName, remove);
  await until("the shared rules to be repaired", groups);
}

/** What services share goes after the last service that needs it. */
async function untilNothingShared({ client, operatorNamespace }: Workspace): Promise<void> {
  for (const { type } of [childKinds.prometheusRule, childKinds.configMap]) {
    await until(`the shared objects of kind ${type.kind} to be deleted`, async (see) => {
      const { items } = await client.list(type, { namespace: operatorNamespace, labelSelector: sharedLabel });
      return see(items.map(({ metadata }) => metadata.name)).length === 0;
    });
  }
}

async function untilMinimal(one: Workspace, name: string): Promise<void> {
  await until(`${name} to have only the 4 children that cannot be switched off`, async (see) => {
    return see((await one.children(name)).map(({ kind }) => kind)).length === 4;
  });
}

describe("the operator's permissions", () => {
  const work = operatorWorkspace("suite", { operator: false });

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
    for (const name of ["keda", "hpa"]) await untilMinimal(work, name);
    await untilNothingShared(work);
    assert.equal(await operator.end("SIGTERM"), "exit 0");
    await work.startOperator();

    const granted = grantedRights([...clusterReads, ...serviceRules, ...ownNamespaceRules]);
    const requests = (): readonly AuditEvent[] =>
      work.cluster.audit.requests({ user: work.operatorUser }).filter(({ objectRef }) => objectRef !== undefined);
    await until("every right to be used", (see) => {
      const used = usedRights(requests());
      const unused = [...granted].filter(
        (right) => isServed(right) && !used.has(right) && !readsNamesake(right) && !listsInPages(right, used),
      );
      return see(unused.filter((right) => !(right in elsewhere))).length === 0;
    });
    assert.deepEqual(forbidden(requests()), []);
    assert.deepEqual(
      [...usedRights(requests())].filter((right) => !granted.has(right)),
      [],
    );
  });

  it("suffice for two operators of single namespaces, and grant no access to other namespaces", async () => {
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
        await until(
          `the DCGM metrics to include ${field}`,
          async (see) => see(await dcgmMetrics(one))?.includes(field) === true,
        );
      }
      await one.untilReady("upscaler");
      await sharedRulesRepaired(one);
      await one.apply("upscaler", nothing);
      await untilMinimal(one, "upscaler");
      await untilNothingShared(one);
      await until("the DCGM metrics to be deleted", async (see) => see(await dcgmMetrics(one)) === undefined);
      const requests = (): readonly AuditEvent[] => work.cluster.audit.requests({ user: one.operatorUser });
      await until("every right on shared objects to be used", (see) => {
        const used = usedRights(requests().filter(({ objectRef }) => objectRef?.namespace === one.operatorNamespace));
        return (
          see([...grantedRights(sharedRules)].filter((right) => !used.has(right) && !listsInPages(right, used)))
            .length === 0
        );
      });
      assert.deepEqual(forbidden(requests()), []);
      assert.deepEqual(writtenNamespaces(requests()), new Set([one.operatorNamespace, one.namespace]));
      const may = (namespace: string) =>
        work.cluster.kubectl("auth", "can-i", "list", "gpumediaservices", "-n", namespace, "--as", one.operatorUser);
      assert.equal((await may(one.namespace)).trim(), "yes");
      await assert.rejects(may(work.namespace), /code 1/);
    }
  });

  /** Removes a label, and waits until it is restored. */
  async function repaired(role: NamedRole, service: string): Promise<void> {
    const { type } = childKind(role);
    const name = childName(role, service);
    if ((await work.get(type, name)) === undefined) return;
    await work.patch(type, name, [{ op: "remove", path: "/metadata/labels/app.kubernetes.io~1part-of" }]);
    await until(`${type.kind} ${name} to be repaired`, async (see) => {
      const labels = see((await work.get(type, name))?.metadata.labels);
      return labels?.["app.kubernetes.io/part-of"] === "gpumedia";
    });
  }

  it("include no wildcard, no Secrets, no granting of permissions and no access into pods", () => {
    const all = [
      clusterReads,
      profileRules,
      serviceRules,
      ownNamespaceRules,
      sharedRules,
      metricsApiRules,
      metricsApiNamespaceRules,
    ].flat();
    for (const right of grantedRights(all)) {
      assert.doesNotMatch(right, /\*|secrets|rbac\.|escalate|bind|impersonate|pods\/|serviceaccounts\/token/);
    }
  });
});
