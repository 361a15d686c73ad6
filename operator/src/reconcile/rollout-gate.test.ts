import assert from "node:assert/strict";
import type { ChildView } from "../observe/child-view.ts";
import type { StoredService, ClusterCache } from "../observe/cluster-cache.ts";
import { RolloutGate } from "./rollout-gate.ts";

const available = { type: "Available", status: "True" };

/** Serves what the hash `before` stands for; nobody has edited it. */
function service(name: string): StoredService {
  const status = { observedGeneration: 1, rollout: { templateHash: "before" }, conditions: [available] };
  return { metadata: { namespace: "media", name, generation: 1 }, status } as unknown as StoredService;
}

const rollout = { strategy: "Surge", message: "", templateHash: "after" } as const;

describe("the gate of rollouts", () => {
  const deployments: readonly {
    readonly name: string;
    readonly other: Pick<ChildView, "revision" | "generation" | "status">;
    readonly waits: boolean;
  }[] = [
    {
      name: "opens while another Deployment has its first pods",
      other: { revision: 1, generation: 1, status: {} },
      waits: false,
    },
    {
      // Its revision was still 1: a bad edit of a profile reached a second service where the controller was slow.
      name: "is shut by another's first change, before the Deployment's controller has looked at it",
      other: { revision: 1, generation: 2, status: { observedGeneration: 1 } },
      waits: true,
    },
    {
      name: "is shut by a rollout that goes on",
      other: {
        revision: 2,
        generation: 2,
        status: {
          observedGeneration: 2,
          conditions: [{ type: "Progressing", status: "True", reason: "ReplicaSetUpdated" }],
        },
      },
      waits: true,
    },
    {
      name: "opens when that is done",
      other: {
        revision: 2,
        generation: 2,
        status: {
          observedGeneration: 2,
          conditions: [{ type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" }],
        },
      },
      waits: false,
    },
  ];
  for (const { name, other, waits } of deployments) {
    it(name, () => {
      const views = new Map([["media/other", { ...other, services: ["media/other"] }]]);
      const gate = new RolloutGate({ children: () => views } as unknown as ClusterCache, 1);
      assert.equal(gate.enter(service("mine"), rollout)?.kind, waits ? "Waiting" : undefined);
    });
  }
});
