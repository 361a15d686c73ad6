/**
 * A namespace with services, an operator that looks after nothing else, and the administrator who tries both.
 *
 *     await using work = await Workspace.open(await operatorCluster());
 *     await work.startOperator();
 *     await work.apply("upscaler", {});
 *     await work.untilReady("upscaler");
 */
import assert from "node:assert/strict";
import type { Condition } from "@gpumedia/api";
import {
  childKind,
  childKinds,
  childName,
  childRoles,
  type ChildKind,
  type ChildKindName,
} from "@gpumedia/operator/src/observe/child-kinds.ts";
import { createApiClient, type ApiClient } from "@gpumedia/operator/src/kube/client.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import { ApiError } from "@gpumedia/operator/src/kube/errors.ts";
import {
  apiVersionOf,
  type JsonPatchOperation,
  type KubeObject,
  type Manifest,
  type ResourceType,
} from "@gpumedia/operator/src/kube/object.ts";
import { createTransport, type Transport } from "@gpumedia/operator/src/kube/transport.ts";
import { serviceType, type StoredService } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { writeVerbs, type AuditEvent } from "../../cluster/audit.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { until, type UntilOptions } from "../../cluster/until.ts";
import { OperatorProcess, type OperatorProcessOptions } from "./operator-process.ts";

/** What is asked of a condition; members that are absent may be anything. */
export type WantedCondition = Partial<Pick<Condition, "status" | "reason">> & { readonly says?: string };

export class Workspace implements AsyncDisposable {
  readonly cluster: Cluster;
  /** The administrator. */
  readonly client: ApiClient;
  /** Of the services. */
  readonly namespace: string;
  readonly operatorNamespace: string;
  readonly #transport: Transport;
  /** All that were started, the last one last. */
  readonly operators: OperatorProcess[] = [];

  /** Without a name the namespace is a new one. */
  static async open(cluster: Cluster, name?: string): Promise<Workspace> {
    const transport = createTransport(await loadConnection({ kubeconfig: cluster.kubeconfig }), { userAgent: "spec" });
    const namespace = name ?? (await cluster.newNamespace("media"));
    return new Workspace(cluster, transport, namespace);
  }

  private constructor(cluster: Cluster, transport: Transport, namespace: string) {
    this.cluster = cluster;
    this.#transport = transport;
    this.client = createApiClient(transport);
    this.namespace = namespace;
    this.operatorNamespace = namespace.replace("media", "operator");
  }

  /** The user that the API server knows the operators by. */
  get operatorUser(): string {
    return `system:serviceaccount:${this.operatorNamespace}:gpumedia-operator`;
  }

  /** The kubeconfig of the operators: it has just the rights that an installation gives. */
  operatorKubeconfig(): Promise<string> {
    const { operatorNamespace: namespace } = this;
    return this.cluster.serviceAccountKubeconfig({ namespace, serviceAccount: "gpumedia-operator" });
  }

  /** Starts an operator for this namespace alone, without waiting for anything. */
  async launchOperator(options: Partial<OperatorProcessOptions> = {}): Promise<OperatorProcess> {
    const { cluster, namespace, operatorNamespace } = this;
    const operator = await OperatorProcess.start(cluster, { operatorNamespace, namespaces: [namespace], ...options });
    this.operators.push(operator);
    return operator;
  }

  /** The same, and it leads. */
  async startOperator(options: Partial<OperatorProcessOptions> = {}): Promise<OperatorProcess> {
    const operator = await this.launchOperator(options);
    await operator.says("leading");
    return operator;
  }

  /**
   * Creates a service or makes its spec this one. Not by server-side apply: an apply of `{}` over something becomes null,
   * which the schema refuses (https://github.com/kubernetes/kubernetes/issues/135841).
   */
  async apply(name: string, spec: object = {}): Promise<KubeObject> {
    const created = await this.create(name, spec).catch(unlessStatus(409));
    return created ?? this.patch(serviceType, name, [{ op: "add", path: "/spec", value: spec }]);
  }

  /** Fails with a 409 if there is one of that name. */
  async create(name: string, spec: object = {}): Promise<KubeObject> {
    const { namespace } = this;
    const manifest = {
      apiVersion: apiVersionOf(serviceType),
      kind: serviceType.kind,
      metadata: { name, namespace },
      spec,
    };
    return this.client.create(serviceType, manifest, { fieldManager: "user" });
  }

  async service(name: string): Promise<StoredService | undefined> {
    return (await this.get(serviceType, name)) as StoredService | undefined;
  }

  /** Waits for a condition of the service's present generation. */
  async untilCondition(
    name: string,
    type: string,
    wanted: WantedCondition,
    options: UntilOptions = {},
  ): Promise<Condition> {
    const { says = "", ...equal } = wanted;
    let last: StoredService | undefined;
    const look = async (): Promise<Condition | undefined> => {
      last = await this.service(name);
      if (last === undefined || last.status?.observedGeneration !== last.metadata.generation) return undefined;
      return last.status?.conditions?.find(
        (condition) =>
          condition.type === type &&
          condition.message.includes(says) &&
          Object.entries(equal).every(([member, value]) => condition[member as keyof Condition] === value),
      );
    };
    const what = `${type} of ${name} to be ${JSON.stringify(wanted)}`;
    return until(what, look, { everyMs: 20, ...options }).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${JSON.stringify(last?.status?.conditions)}`, { cause: error });
    });
  }

  async untilReady(name: string): Promise<void> {
    await this.untilCondition(name, "Ready", { status: "True" });
  }

  /** The object, or undefined. */
  async get(type: ResourceType, name: string): Promise<KubeObject | undefined> {
    return this.client.get(type, this.namespace, name).catch(unlessStatus(404));
  }

  async child(kind: ChildKindName, name: string): Promise<KubeObject> {
    return (await this.get(childKinds[kind].type, name)) ?? assert.fail(`there is no ${kind} ${name}`);
  }

  /** The service's children that exist, in the order of `childRoles`. */
  async children(service: string): Promise<readonly KubeObject[]> {
    const all = await Promise.all(childRoles.map((role) => this.get(childKind(role).type, childName(role, service))));
    return all.filter((child) => child !== undefined);
  }

  /** Changes an object as somebody else than the operator. */
  async patch(type: ResourceType, name: string, operations: readonly JsonPatchOperation[]): Promise<KubeObject> {
    return this.client.jsonPatch(type, this.namespace, name, operations, { fieldManager: "somebody" });
  }

  async createChild(kind: ChildKind, manifest: Manifest): Promise<KubeObject> {
    return this.client.create(kind.type, manifest, { fieldManager: "somebody" });
  }

  /** Deletes an object that is there, and does not wait until it is gone. */
  async delete(
    type: ResourceType,
    name: string,
    propagationPolicy: "Background" | "Foreground" | "Orphan" = "Background",
  ): Promise<KubeObject> {
    const object = (await this.get(type, name)) ?? assert.fail(`there is no ${type.kind} ${name}`);
    await this.client.delete(type, this.namespace, name, { uid: object.metadata.uid, propagationPolicy });
    return object;
  }

  /** What the operators have written since a time, or tried to: all but their Lease. */
  writes(since = 0): readonly AuditEvent[] {
    return this.cluster.audit
      .requests({ user: this.operatorUser, verb: writeVerbs, since })
      .filter(({ objectRef }) => objectRef?.resource !== "leases");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const operator of this.operators) await operator[Symbol.asyncDispose]();
    // Its contents go in the background: the next spec has another one.
    for (const name of [this.namespace, this.operatorNamespace]) {
      await this.client.rawJson("DELETE", `/api/v1/namespaces/${name}`).catch(unlessStatus(404));
    }
    await this.#transport.close();
  }
}

export function unlessStatus(status: number): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof ApiError && error.status === status) return undefined;
    throw error;
  };
}
