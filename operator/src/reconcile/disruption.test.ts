import assert from "node:assert/strict";
import type { KubeObject } from "../kube/object.ts";
import { sampleContainer, samplePod } from "../observe/pod-view.sample.ts";
import type { PodView } from "../observe/pod-view.ts";
import { dueDisruptions, writeDisruptions, type DisruptionInput } from "./disruption.ts";
import { ServiceMemory } from "./memory.ts";
import { apiError, failing, fakePass, silent } from "./pass.fake.ts";

const now = 1_000_000;
const intervalMs = 15_000;
/** Four reports. */
const settledMs = 60_000;

const serves = samplePod({ ip: "10.0.0.1", ready: true });
const loads = samplePod({ container: sampleContainer({ running: true, started: false }) });
const crashes = samplePod({
  container: sampleContainer({ restarts: 1, ended: { exitCode: 1, reason: "Error", message: "", signal: 0 } }),
});
const ours = { doNotDisrupt: { ours: true } };
const theirs = { doNotDisrupt: { ours: false } };

describe("pods that Karpenter must not disrupt", () => {
  const cases: {
    readonly [title: string]: {
      readonly pod: PodView;
      readonly sessions?: number;
      readonly karpenter?: boolean;
      readonly suspend?: boolean;
      /** When the pod last had a reason. */
      readonly neededAt?: number;
      readonly protect: boolean | undefined;
    };
  } = {
    "one that loads its model": { pod: loads, protect: true },
    "one with a session": { pod: serves, sessions: 1, protect: true },
    "none that is idle": { pod: serves, sessions: 0, protect: undefined },
    "none that has not reported yet": { pod: serves, protect: undefined },
    "none on a node that Karpenter does not manage": { pod: loads, karpenter: false, protect: undefined },
    "none of a suspended service": { pod: loads, suspend: true, protect: undefined },
    "none that is protected": { pod: { ...serves, ...ours }, sessions: 1, neededAt: now, protect: undefined },
    "one whose last session ended less than four reports ago, still": {
      pod: { ...serves, ...ours },
      sessions: 0,
      neededAt: now - settledMs + 1,
      protect: undefined,
    },
    "no longer one whose last session ended four reports ago": {
      pod: { ...serves, ...ours },
      sessions: 0,
      neededAt: now - settledMs,
      protect: false,
    },
    "no longer one whose image never reports, four reports after its start": {
      pod: { ...serves, ...ours },
      neededAt: now - settledMs,
      protect: false,
    },
    "no longer one that crashes: its node may go": {
      pod: { ...crashes, ...ours },
      neededAt: now - settledMs,
      protect: false,
    },
    "one that a previous leader protected, still": { pod: { ...serves, ...ours }, sessions: 0, protect: undefined },
    "none with a value of the user's own": { pod: { ...loads, ...theirs }, protect: undefined },
    "none that terminates": { pod: { ...loads, terminating: true }, protect: undefined },
  };
  for (const [title, { pod, sessions, karpenter = true, suspend = false, neededAt, protect }] of Object.entries(
    cases,
  )) {
    it(`are ${title}`, () => {
      const record = new ServiceMemory("u-1");
      if (neededAt !== undefined) record.disruptionNeededAt.set("u", neededAt);
      const snapshot: DisruptionInput["snapshot"] = {
        pods: [pod],
        sessions: new Map(sessions === undefined ? [] : [["u", sessions]]),
        karpenterPods: new Set(karpenter ? ["u"] : []),
      };
      const due = dueDisruptions({ service: { suspend }, snapshot, record, now, intervalMs });
      assert.deepEqual(due, protect === undefined ? [] : [{ name: "p", uid: "u", protect }]);
    });
  }

  it("are forgotten when they are gone", () => {
    const record = new ServiceMemory("u-1");
    record.disruptionNeededAt.set("gone", now);
    const snapshot = { pods: [], sessions: new Map<string, number>(), karpenterPods: new Set<string>() };
    dueDisruptions({ service: { suspend: false }, snapshot, record, now, intervalMs });
    assert.equal(record.disruptionNeededAt.size, 0);
  });
});

describe("the write of do-not-disrupt", () => {
  const service = { namespace: "media" };
  const change = { name: "p", uid: "u", protect: true };

  it("owns nothing but the annotation, and replaces no value of another owner", async () => {
    const applied: unknown[] = [];
    const client = {
      apply: async (_type: object, manifest: object, options: object): Promise<KubeObject> => {
        applied.push([manifest, options]);
        return manifest as KubeObject;
      },
    };
    const pass = { client, snapshots: { written: () => {} } };
    await writeDisruptions([change, { ...change, protect: false }], service, pass, silent);
    const metadata = { name: "p", namespace: "media", uid: "u" };
    const options = { fieldManager: "gpumedia-operator-disruption", force: false };
    assert.deepEqual(applied, [
      [
        {
          apiVersion: "v1",
          kind: "Pod",
          metadata: { ...metadata, annotations: { "karpenter.sh/do-not-disrupt": "true" } },
        },
        options,
      ],
      [{ apiVersion: "v1", kind: "Pod", metadata }, options],
    ]);
  });

  it("does not fail when the pod is gone or the API server refuses", async () => {
    for (const [status, reason] of [
      [403, "Forbidden"],
      [404, "NotFound"],
      [409, "Conflict"],
    ] as const) {
      const pass = fakePass({ answers: { "apply Pod p": failing(apiError(status, reason)) } });
      await writeDisruptions([change], service, pass, silent);
    }
  });
});
