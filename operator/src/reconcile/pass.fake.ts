/** What a reconcile works with, for tests: a client that fails on unexpected calls, and snapshots of what it has written. */
import assert from "node:assert/strict";
import type { GpuMediaServiceSpec, GpuMediaServiceStatus } from "@gpumedia/api";
import { sampleContext } from "../desired/service.sample.ts";
import type { FieldsV1, JsonPatchOperation, KubeObject, Manifest, ObjectKey, ResourceType } from "../kube/object.ts";
import { ApiError } from "../kube/errors.ts";
import { childKind, childKinds, childName, childRoles, type NamedRole } from "../observe/child-kinds.ts";
import { viewChild } from "../observe/child-view.ts";
import { serviceType, type StoredService } from "../observe/cluster-cache.ts";
import { FakeClock } from "../runtime/clock.fake.ts";
import type { EventDraft } from "../runtime/events.ts";
import { createLogger } from "../runtime/log.ts";
import { Memory } from "./memory.ts";
import type { Pass } from "./pass.ts";
import type { Snapshot, SnapshotSource } from "./snapshot.ts";

export const silent = createLogger({ level: "silent" });
export const key: ObjectKey = "media/upscaler";

export function storedService(spec: GpuMediaServiceSpec = {}, status?: GpuMediaServiceStatus): StoredService {
  return {
    apiVersion: "gpumedia.io/v1alpha1",
    kind: "GpuMediaService",
    metadata: {
      name: "upscaler",
      namespace: "media",
      uid: "u-1",
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}

export function apiError(status: number, reason = "", init: Partial<ApiError> = {}): ApiError {
  const { message = reason, causes } = init;
  return new ApiError({ status, reason, message, method: "PATCH", path: "/", causes });
}

export function failing(error: Error): () => never {
  return () => {
    throw error;
  };
}

type Answer = () => KubeObject | undefined;
type StoredObject = (type: ResourceType, name: string) => KubeObject;

/** Answers as a healthy API server does: calls that match `allowed`, and those in `answers` with their own answer. */
export class StrictClient {
  /** In order: `create Service upscaler`, `patch GpuMediaService upscaler`. */
  readonly calls: string[] = [];
  readonly patches: (readonly JsonPatchOperation[])[] = [];
  readonly #allowed: RegExp;
  readonly #answers: Readonly<Record<string, Answer>>;
  readonly #stored: StoredObject;
  readonly #created = new Map<string, KubeObject>();
  #version = 100;

  constructor(allowed: RegExp, answers: Readonly<Record<string, Answer>>, stored: StoredObject) {
    this.#allowed = allowed;
    this.#answers = answers;
    this.#stored = stored;
  }

  get = async (type: ResourceType, _namespace: string, name: string): Promise<KubeObject> =>
    this.#call("get", type, name) ?? this.#stored(type, name);

  create = async (type: ResourceType, manifest: Manifest, options: { fieldManager: string }): Promise<KubeObject> => {
    const answer = this.#call("create", type, manifest.metadata.name);
    const object = answer ?? this.#object(manifest, options.fieldManager, "Update");
    this.#created.set(`${type.kind} ${manifest.metadata.name}`, object);
    return object;
  };

  /** The object as it was created. */
  created(name: string): KubeObject {
    return this.#created.get(name) ?? assert.fail(`${name} was not created`);
  }

  apply = async (type: ResourceType, manifest: Manifest, options: { fieldManager: string }): Promise<KubeObject> =>
    this.#call("apply", type, manifest.metadata.name) ?? this.#object(manifest, options.fieldManager, "Apply");

  jsonPatch = async (
    type: ResourceType,
    _namespace: string,
    name: string,
    operations: readonly JsonPatchOperation[],
  ): Promise<KubeObject> => {
    this.patches.push(operations);
    const answer = this.#call("patch", type, name);
    if (answer !== undefined || type !== serviceType) return answer ?? this.#stored(type, name);
    const status = operations.find(({ path }) => path === "/status") as { value?: GpuMediaServiceStatus } | undefined;
    return { ...this.#stored(type, name), status: status?.value } as KubeObject;
  };

  delete = async (type: ResourceType, _namespace: string, name: string): Promise<void> =>
    void this.#call("delete", type, name);

  #call(verb: string, { kind }: ResourceType, name: string): KubeObject | undefined {
    const call = `${verb} ${kind} ${name}`;
    this.calls.push(call);
    const answer = this.#answers[call];
    if (answer !== undefined) return answer();
    assert.match(call, this.#allowed, "unexpected call");
    return undefined;
  }

  /** Owns all that was sent: an empty set of fields stands for the whole value. */
  #object(manifest: Manifest, manager: string, operation: "Apply" | "Update"): KubeObject {
    const { name, uid = `uid of ${manifest.kind} ${name}` } = manifest.metadata;
    const { apiVersion: _version, kind: _kind, metadata: sent, ...rest } = manifest;
    const { labels, annotations, ownerReferences } = sent;
    const own = (members: object): FieldsV1 =>
      Object.fromEntries(
        Object.entries(members).flatMap(([member, value]) => (value === undefined ? [] : [[`f:${member}`, {}]])),
      );
    const fieldsV1 = { ...own(rest), "f:metadata": own({ labels, annotations, ownerReferences }) };
    const managedFields = [{ manager, operation, fieldsV1 }];
    const resourceVersion = String(this.#version++);
    const metadata = { ...manifest.metadata, uid, resourceVersion, creationTimestamp: "", managedFields };
    return { ...manifest, metadata };
  }
}

/** The cluster as the snapshots show it: what a test puts there, and what was written. */
export class FakeSnapshots implements SnapshotSource {
  current: Snapshot | undefined;

  constructor(stored: StoredService, change: Partial<Snapshot>) {
    this.current = {
      key,
      stored,
      profiles: new Map(),
      served: new Set(),
      features: sampleContext.features,
      unreachableApis: new Set(),
      children: {},
      claimTemplates: [],
      usedClaimTemplates: new Set(),
      kedaAutoscaler: undefined,
      gateways: undefined,
      ingressClasses: undefined,
      prometheuses: undefined,
      pods: [],
      failedPods: [],
      reports: {
        polled: 0,
        silent: [],
        pending: 0,
        lost: [],
        figures: undefined,
        latest: undefined,
        gpuSharing: undefined,
        sharedGpus: [],
        loads: [],
      },
      sessions: new Map(),
      karpenterPods: new Set(),
      gpus: { synced: true, nodes: [], dra: undefined },
      quotas: [],
      rolling: new Set(),
      loadTests: { synced: true, tests: [], hasRolloutTest: false },
      exportTargets: undefined,
      sharedSince: new Map(),
      ruleLoaders: [],
      dcgmTaken: false,
      ...change,
    };
  }

  gather(): Snapshot | undefined {
    return this.current;
  }

  refresh({ key: same, stored, profiles, served, features, unreachableApis }: Snapshot): Snapshot {
    const current = this.current ?? assert.fail("there is no service");
    return { ...current, key: same, stored, profiles, served, features, unreachableApis };
  }

  written(type: ResourceType, object: KubeObject): void {
    const current = this.current ?? assert.fail("there is no service");
    if (type === serviceType) this.current = { ...current, stored: object as StoredService };
    else if (type === childKinds.resourceClaimTemplate.type) this.#setTemplate(object.metadata.name, object);
    else this.#set(roleOf(type, object.metadata.name), object);
  }

  deleted(type: ResourceType, child: ObjectKey): void {
    const name = child.slice(child.indexOf("/") + 1);
    if (type === childKinds.resourceClaimTemplate.type) this.#setTemplate(name, undefined);
    else this.#set(roleOf(type, name), undefined);
  }

  #setTemplate(name: string, object: KubeObject | undefined): void {
    const current = this.current ?? assert.fail("there is no service");
    const others = current.claimTemplates.filter(({ metadata }) => metadata.name !== name);
    const view = object && viewChild(childKinds.resourceClaimTemplate)(object);
    this.current = { ...current, claimTemplates: [...others, ...(view === undefined ? [] : [view])] };
  }

  #set(role: NamedRole, object: KubeObject | undefined): void {
    const current = this.current ?? assert.fail("there is no service");
    const { [role]: _before, ...others } = current.children;
    const children = object === undefined ? others : { ...others, [role]: viewChild(childKind(role))(object) };
    this.current = { ...current, children };
  }
}

function roleOf(type: ResourceType, name: string): NamedRole {
  const is = (role: NamedRole): boolean => childKind(role).type === type && childName(role, "upscaler") === name;
  return childRoles.find(is) ?? assert.fail(`${type.kind} ${name} is no child`);
}

export interface FakePass extends Pass {
  readonly client: StrictClient;
  readonly snapshots: FakeSnapshots;
  readonly clock: FakeClock;
  readonly recorded: readonly EventDraft[];
}

export interface FakePassOptions {
  readonly stored?: StoredService;
  readonly snapshot?: Partial<Snapshot>;
  /** The calls that are expected; none by default. */
  readonly allowed?: RegExp;
  readonly answers?: Readonly<Record<string, Answer>>;
}

export function fakePass(options: FakePassOptions = {}): FakePass {
  const { stored = storedService(), snapshot = {}, allowed = /^$/, answers = {} } = options;
  const recorded: EventDraft[] = [];
  const clock = new FakeClock();
  const snapshots = new FakeSnapshots(stored, snapshot);
  const storedObject = (type: ResourceType): KubeObject =>
    type === serviceType ? (snapshots.current?.stored ?? stored) : assert.fail("not stored here");
  return {
    client: new StrictClient(allowed, answers, storedObject),
    clock,
    events: { record: (_service, event) => void recorded.push(event) },
    recorded,
    snapshots,
    memory: new Memory({ clock, onSharedChange: () => {} }),
    settings: {
      processorImage: "processor:1",
      processorImageCpu: "processor:1-cpu",
      operatorNamespace: sampleContext.operatorNamespace,
      runbookUrl: "https://example.com/alerts",
      maxRollouts: 1,
      utilizationIntervalMs: 15_000,
    },
  };
}
