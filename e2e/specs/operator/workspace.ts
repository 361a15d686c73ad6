/**
 * A namespace with services, an operator that watches only this namespace, and an administrator's client.
 *
 *     await using work = await Workspace.open(await operatorCluster());
 *     await work.startOperator();
 *     await work.apply("upscaler", {});
 *     await work.untilReady("upscaler");
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Condition } from "@gpumedia/api";
import {
  childKind,
  childKinds,
  childName,
  childRoles,
  type ChildKindName,
} from "@gpumedia/operator/src/observe/child-kinds.ts";
import { createApiClient, type ApiClient } from "@gpumedia/operator/src/kube/client.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import { ApiError } from "@gpumedia/operator/src/kube/errors.ts";
import {
  apiVersionOf,
  type JsonPatchOperation,
  type KubeObject,
  type ResourceType,
} from "@gpumedia/operator/src/kube/object.ts";
import { createTransport } from "@gpumedia/operator/src/kube/transport.ts";
import { serviceType, type StoredService } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { writeVerbs, type AuditEvent } from "../../cluster/audit.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { until, type UntilOptions } from "../../cluster/until.ts";
import { startFaultProxy, type FaultProxy } from "../../faults/proxy.ts";
import { OperatorProcess, type OperatorProcessOptions } from "./operator-process.ts";

/** Expected members of a condition; `message` is a part of its message. */
export type ExpectedCondition = Partial<Pick<Condition, "status" | "reason" | "message">>;

/** A child, with the members of its spec that tests read. */
export interface LiveChild extends KubeObject {
  readonly spec: {
    readonly minReplicas: number;
    readonly maxReplicas: number;
    readonly replicas: number;
    readonly selector: object;
    readonly ports: object;
    readonly publishNotReadyAddresses: boolean;
    readonly updatePolicy: object;
    readonly template: Pick<KubeObject, "metadata"> & {
      readonly spec: { readonly containers: readonly [Container, ...Container[]] };
    };
  };
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly ports?: object;
  readonly resources: { readonly limits: Readonly<Record<string, string>> };
}

/** Of the operator's log, in the error of a service that gets stuck. */
const lastLines = 10;

/**
 * An operator that a busy machine suspends for 10 s would lose its Lease with the defaults, and exit: nothing would go on. Specs about
 * the Lease use `launchOperator` or other flags.
 */
const patientLease = ["--lease-duration=60s", "--renew-deadline=50s"];

const quietMs = 3_000;

export class Workspace implements AsyncDisposable {
  cluster!: Cluster;
  /** Acts as the administrator. */
  client!: ApiClient;
  /** The services' namespace. */
  namespace!: string;
  /** In the order in which they were started. */
  operators: OperatorProcess[] = [];
  /** Of the operators that are started from now on, unless they have their own. */
  operatorDefaults: Partial<OperatorProcessOptions> = {};
  /** What the API server may warn of, because a spec provokes it. */
  expectedWarnings: readonly RegExp[] = [];
  /** Closed with the workspace, last in first out. */
  resources = new AsyncDisposableStack();

  /** Opens a new namespace unless a name is given. */
  static async open(cluster: Cluster, name?: string): Promise<Workspace> {
    const work = new Workspace();
    await work.open(cluster, name);
    return work;
  }

  /** Opens a workspace, for the first time or after it was closed. */
  async open(cluster: Cluster, name?: string): Promise<void> {
    const transport = createTransport(await loadConnection({ kubeconfig: cluster.kubeconfig }), { userAgent: "spec" });
    this.resources = new AsyncDisposableStack();
    this.resources.defer(() => transport.close());
    this.cluster = cluster;
    this.client = createApiClient(transport);
    this.operators = [];
    this.operatorDefaults = {};
    this.expectedWarnings = [];
    this.namespace = name ?? (await cluster.newNamespace("media"));
    for (const namespace of [this.operatorNamespace, this.namespace]) {
      // Does not wait until the contents are deleted: the next spec uses another namespace.
      this.resources.defer(async () => {
        await this.client.rawJson("DELETE", `/api/v1/namespaces/${namespace}`).catch(unlessStatus(404));
      });
    }
  }

  get operatorNamespace(): string {
    return this.namespace.replace("media", "operator");
  }

  /** The operator that was started last. */
  get operator(): OperatorProcess {
    return this.operators.at(-1) ?? assert.fail("no operator was started");
  }

  /** The operators' user name on the API server. */
  get operatorUser(): string {
    return `system:serviceaccount:${this.operatorNamespace}:gpumedia-operator`;
  }

  /** The operators' kubeconfig, with exactly the rights that an installation grants. */
  operatorKubeconfig(): Promise<string> {
    const { operatorNamespace: namespace } = this;
    return this.cluster.serviceAccountKubeconfig({ namespace, serviceAccount: "gpumedia-operator" });
  }

  /** Starts a proxy that injects faults into an operator's requests, and returns the kubeconfig that points to it. */
  async startFaultProxy(): Promise<{ readonly proxy: FaultProxy; readonly kubeconfig: string }> {
    const connection = await loadConnection({ kubeconfig: await this.operatorKubeconfig() });
    const proxy = this.resources.use(await startFaultProxy(connection));
    const kubeconfig = join(this.cluster.directory, `${this.operatorNamespace}.${randomUUID()}.kubeconfig`);
    await proxy.writeKubeconfig(kubeconfig);
    return { proxy, kubeconfig };
  }

  /** Starts an operator that watches only this namespace, without waiting until it leads. */
  async launchOperator(options: Partial<OperatorProcessOptions> = {}): Promise<OperatorProcess> {
    const { cluster, namespace, operatorNamespace, operatorDefaults } = this;
    const operator = await OperatorProcess.start(cluster, {
      operatorNamespace,
      namespaces: [namespace],
      ...operatorDefaults,
      ...options,
      parameters: [...(operatorDefaults.parameters ?? []), ...(options.parameters ?? [])],
    });
    this.operators.push(this.resources.use(operator));
    return operator;
  }

  /** Starts an operator that watches only this namespace, and waits until it leads. */
  async startOperator(options: Partial<OperatorProcessOptions> = {}): Promise<OperatorProcess> {
    const { parameters = [], ...others } = options;
    const operator = await this.launchOperator({ ...others, parameters: [...patientLease, ...parameters] });
    await operator.untilLogged("leading");
    return operator;
  }

  /**
   * Creates a service or replaces its spec. Not by server-side apply: applying `{}` over a set field stores null, which
   * the schema rejects (https://github.com/kubernetes/kubernetes/issues/135841).
   */
  async apply(name: string, spec: object = {}): Promise<KubeObject> {
    const created = await this.create(name, spec).catch(unlessStatus(409));
    return created ?? this.patch(serviceType, name, [{ op: "add", path: "/spec", value: spec }]);
  }

  /** Creates a service; fails with a 409 if one of that name exists. */
  create(name: string, spec: object = {}): Promise<KubeObject> {
    return this.createObject(serviceType, name, { spec }, { manager: "user" });
  }

  /** Creates any object, as a field manager other than the operator. */
  async createObject(
    type: ResourceType,
    name: string,
    contents: object,
    { manager = "other", ...metadata }: Partial<KubeObject["metadata"]> & { readonly manager?: string } = {},
  ): Promise<KubeObject> {
    const namespaced = type.namespaced ? { namespace: this.namespace } : {};
    const base = { apiVersion: apiVersionOf(type), kind: type.kind, metadata: { name, ...namespaced, ...metadata } };
    return this.client.create(type, { ...base, ...contents }, { fieldManager: manager });
  }

  async service(name: string): Promise<StoredService | undefined> {
    return (await this.get(serviceType, name)) as StoredService | undefined;
  }

  async condition(service: string, type: string): Promise<Condition | undefined> {
    return (await this.service(service))?.status?.conditions?.find((condition) => condition.type === type);
  }

  /** Waits for a condition of the service's current generation. */
  async untilCondition(
    name: string,
    type: string,
    expected: ExpectedCondition,
    options: UntilOptions = {},
  ): Promise<Condition> {
    const { message = "", ...equal } = expected;
    return until(
      `${type} of ${name} to be ${JSON.stringify(expected)}`,
      async (see) => {
        const { metadata, status } = (await this.service(name)) ?? {};
        see(status?.conditions);
        if (status === undefined || status.observedGeneration !== metadata?.generation) return undefined;
        return status.conditions?.find(
          (condition) =>
            condition.type === type &&
            condition.message.includes(message) &&
            Object.entries(equal).every(([member, value]) => condition[member as keyof Condition] === value),
        );
      },
      { everyMs: 20, ...options },
    ).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await this.#clues(name)}`, { cause: error });
    });
  }

  /** What a service that gets stuck needs to be explained: its Deployment's generations and the operator's last lines. */
  async #clues(name: string): Promise<string> {
    const deployment = await this.get(childKinds.deployment.type, name);
    const { generation, resourceVersion } = deployment?.metadata ?? {};
    const { status } = (deployment ?? {}) as { readonly status?: object };
    const about = this.operators.flatMap(({ log }) => log.filter((line) => line.name === name)).slice(-lastLines);
    const ends = this.operators.flatMap((operator) => (operator.running ? [] : operator.log.slice(-lastLines)));
    return [
      `Deployment: ${JSON.stringify({ generation, resourceVersion, status })}`,
      ...about.map((line) => JSON.stringify(line)),
      ...(ends.length === 0 ? [] : ["Operators that have exited:"]),
      ...ends.map((line) => JSON.stringify(line)),
    ].join("\n");
  }

  /** Waits until the operators have written nothing for a while: not only what the last condition waited for. */
  async untilQuiet(): Promise<void> {
    const recent = (): readonly AuditEvent[] => this.writes(Date.now() - quietMs);
    await until(
      "the operators to write nothing",
      (see) => see(recent().map(({ requestURI }) => requestURI)).length === 0,
      {
        everyMs: 500,
      },
    );
  }

  async untilReady(name: string): Promise<void> {
    await this.untilCondition(name, "Ready", { status: "True" });
  }

  /** Returns the object, or undefined if it does not exist. */
  async get(type: ResourceType, name: string): Promise<KubeObject | undefined> {
    return this.client.get(type, this.namespace, name).catch(unlessStatus(404));
  }

  /** Returns the child; fails if it does not exist. */
  async child(kind: ChildKindName, name: string): Promise<LiveChild> {
    const child = (await this.get(childKinds[kind].type, name)) ?? assert.fail(`${kind} ${name} does not exist`);
    return child as LiveChild;
  }

  async untilGone(type: ResourceType, name: string): Promise<void> {
    await until(
      `${type.kind} ${name} to be deleted`,
      async (see) => see((await this.get(type, name))?.metadata) === undefined,
    );
  }

  /** Returns the service's children that exist, in the order of `childRoles`. */
  async children(service: string): Promise<readonly KubeObject[]> {
    const all = await Promise.all(childRoles.map((role) => this.get(childKind(role).type, childName(role, service))));
    return all.filter((child) => child !== undefined);
  }

  /** Changes an object as a field manager other than the operator. */
  async patch(type: ResourceType, name: string, operations: readonly JsonPatchOperation[]): Promise<KubeObject> {
    return this.client.jsonPatch(type, this.namespace, name, operations, { fieldManager: "other" });
  }

  /** Sends a merge patch to any path of the API server, such as that of a subresource. */
  async mergePatch(path: string, body: object): Promise<void> {
    await this.client.rawJson("PATCH", path, { body, headers: { "content-type": "application/merge-patch+json" } });
  }

  /** Sets members of a pod's status, as the kubelet does. */
  async patchPodStatus(pod: string, status: object): Promise<void> {
    await this.mergePatch(`/api/v1/namespaces/${this.namespace}/pods/${pod}/status`, { status });
  }

  /** Deletes an object that exists, without waiting until it is gone. */
  async delete(
    type: ResourceType,
    name: string,
    propagationPolicy: "Background" | "Foreground" | "Orphan" = "Background",
  ): Promise<KubeObject> {
    const object = (await this.get(type, name)) ?? assert.fail(`${type.kind} ${name} does not exist`);
    await this.client.delete(type, this.namespace, name, { uid: object.metadata.uid, propagationPolicy });
    return object;
  }

  /** Returns the operators' write requests since a time, failed ones included, except for those on their Lease. */
  writes(since = 0): readonly AuditEvent[] {
    return this.cluster.audit
      .requests({ user: this.operatorUser, verb: writeVerbs, since })
      .filter(({ objectRef }) => objectRef?.resource !== "leases");
  }

  /** Fails if the API server warned of anything that an operator wrote or read, such as a deprecated API or an unknown field. */
  async [Symbol.asyncDispose](): Promise<void> {
    const isExpected = (warning: string): boolean => this.expectedWarnings.some((expected) => expected.test(warning));
    const warnings = this.operators.flatMap(({ log }) =>
      log.filter(({ warning }) => warning !== undefined && !isExpected(warning)),
    );
    await this.resources.disposeAsync();
    assert.deepEqual(warnings, []);
  }
}

/** Returns a handler that turns an API error of that status into undefined and throws any other error. */
export function unlessStatus(status: number): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof ApiError && error.status === status) return undefined;
    throw error;
  };
}
