/** Live video on a real API server: its children, its address, and what a service without it keeps. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { GpuMediaServiceStatus, ProcessorConfig } from "@gpumedia/api";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { gatewayType } from "@gpumedia/operator/src/observe/gateway-view.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { podsOf, serveReporting, streaming } from "./reporting-pods.ts";

type ServiceObject = KubeObject & {
  readonly spec: { readonly ports: readonly { readonly nodePort?: number }[]; readonly clusterIP: string };
};

describe("live video", () => {
  const work = operatorWorkspace("suite", { parameters: ["--utilization-interval=300ms"] });

  async function untilLive(name: string, expected: NonNullable<ProcessorConfig["live"]>): Promise<void> {
    await until(`the configuration of ${name} to have ${JSON.stringify(expected)}`, async (see) => {
      const { data = {} } = (await work.child("configMap", `${name}-config`)) as { data?: Record<string, string> };
      const { live = {} } = JSON.parse(data["config.json"] ?? "{}") as ProcessorConfig;
      see(live);
      return Object.entries(expected).every(([member, value]) => isDeepStrictEqual(live[member as never], value));
    });
  }

  async function generation(name: string): Promise<number> {
    return (await work.child("deployment", name)).metadata.generation ?? 0;
  }

  /** What the children are, without what every write changes. */
  async function contents(name: string): Promise<object> {
    const children = await work.children(name);
    return Object.fromEntries(
      children.map((child) => {
        const { spec, data } = child as { spec?: object; data?: object };
        return [`${child.kind} ${child.metadata.name}`, { spec, data, uid: child.metadata.uid }];
      }),
    );
  }

  async function untilStatus(name: string, is: (status: GpuMediaServiceStatus | undefined) => boolean): Promise<void> {
    await until(`the status of ${name}`, async (see) => {
      const { status } = (await work.service(name)) ?? {};
      see(status?.utilization);
      return is(status);
    });
  }

  it("adds its children when it is switched on, and leaves no trace when it is switched off", async () => {
    const spec = { replicas: 2, autoscaling: { horizontal: { enabled: false } } };
    await work.apply("toggled", spec);
    await work.untilReady("toggled");
    const before = await contents("toggled");
    await work.apply("toggled", { ...spec, live: { enabled: true, gateway: { parentRefs: [{ name: "turn" }] } } });
    const peers = (await until("the peers' Service", () =>
      work.get(childKinds.service.type, "toggled-peers"),
    )) as ServiceObject;
    assert.equal(peers.spec.clusterIP, "None");
    await until("the UDPRoute", () => work.get(childKinds.udpRoute.type, "toggled-live"));
    await work.untilReady("toggled");
    const names = new Set(Object.keys(await contents("toggled")));
    assert.deepEqual([...names].filter((name) => !(name in before)).toSorted(), [
      "Service toggled-live",
      "Service toggled-peers",
      "UDPRoute toggled-live",
    ]);
    await work.apply("toggled", spec);
    for (const name of ["toggled-live", "toggled-peers"]) await work.untilGone(childKinds.service.type, name);
    await work.untilGone(childKinds.udpRoute.type, "toggled-live");
    await work.untilReady("toggled");
    assert.deepEqual(await contents("toggled"), before);
  });

  it("announces the address of the load balancer as soon as it is known, without replacing pods", async () => {
    await work.apply("balanced", { live: { enabled: true } });
    await work.untilReady("balanced");
    await work.untilCondition("balanced", "Exposed", { status: "Unknown", reason: "NoAddress" });
    await untilLive("balanced", { publicAddresses: [], peers: `balanced-peers.${work.namespace}.svc` });
    const first = await generation("balanced");
    const status = `/api/v1/namespaces/${work.namespace}/services/balanced-live/status`;
    await work.mergePatch(status, { status: { loadBalancer: { ingress: [{ ip: "203.0.113.7" }] } } });
    await untilLive("balanced", { publicAddresses: ["203.0.113.7"] });
    const message = "Service balanced-live has the address 203.0.113.7";
    await work.untilCondition("balanced", "Exposed", { status: "True", reason: "Routed", message });
    assert.equal(await generation("balanced"), first);
  });

  it("announces the addresses of nodes with the port that Kubernetes has allocated", async () => {
    await work.apply("on-nodes", { live: { enabled: true, service: { type: "NodePort" } } });
    await work.untilCondition("on-nodes", "Exposed", { status: "False", reason: "NoAddress" });
    const { spec } = (await work.child("service", "on-nodes-live")) as unknown as ServiceObject;
    await work.apply("on-nodes", {
      live: { enabled: true, service: { type: "NodePort" }, publicAddresses: ["198.51.100.1"] },
    });
    await untilLive("on-nodes", { publicAddresses: ["198.51.100.1"], publicPort: spec.ports[0]?.nodePort as number });
    // Changes the type of the Service in place.
    await work.apply("on-nodes", { live: { enabled: true, service: { type: "ClusterIP" } } });
    await work.untilCondition("on-nodes", "Exposed", { status: "True", reason: "NotNeeded" });
    await work.untilReady("on-nodes");
  });

  it("has a scale-in spare the pod with sessions", async () => {
    const spec = { live: { enabled: true }, autoscaling: { horizontal: { enabled: false } } };
    // Twice, as the pod with sessions might remain by chance.
    for (const [index, name] of ["scaled-in-a", "scaled-in-b"].entries()) {
      const reporting = await serveReporting(work, name, { ...spec, replicas: 2 });
      for (const pod of reporting) pod.answer = streaming({ sessions: 0 });
      const spared = reporting[index] ?? assert.fail();
      spared.answer = streaming({ sessions: 5 });
      await untilStatus(name, (status) => status?.utilization?.live?.sessions === 5);
      await work.apply(name, { ...spec, replicas: 1 });
      const remaining = await until("one pod", async (see) => {
        const living = (await podsOf(work, name)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
        return see(living.map(({ metadata }) => metadata.name)).length === 1 && living;
      });
      assert.deepEqual(
        remaining.map(({ metadata }) => metadata.name),
        [spared.name],
      );
    }
  });

  it("is in the status, and compared with its targets", async () => {
    const reporting = await serveReporting(work, "watched", { live: { enabled: true } });
    for (const pod of reporting) pod.answer = streaming({ sessions: 5, roundTripMs: 42 });
    await untilStatus("watched", (status) =>
      isDeepStrictEqual(status?.utilization?.live, {
        sessions: 10,
        sessionLimit: 40,
        framesPerSecond: 116,
        droppedPercent: 1,
        frameLatencyP95Milliseconds: 35,
        roundTripMilliseconds: 42,
      }),
    );
    await work.untilCondition("watched", "SloMet", { status: "True" });
    for (const pod of reporting) pod.answer = streaming({ sessions: 5, droppedShare: 0.3 });
    await work.untilCondition("watched", "SloMet", { status: "False", reason: "FramesDropped" }, { withinMs: 60_000 });
  });

  it("reports that a relay does not accept the route", async () => {
    await work.apply("relayed", {
      live: { enabled: true, service: { type: "ClusterIP" }, gateway: { parentRefs: [{ name: "turn" }] } },
    });
    await until("the UDPRoute", () => work.get(childKinds.udpRoute.type, "relayed-live"));
    await work.createObject(gatewayType, "turn", {
      spec: { gatewayClassName: "stunner", listeners: [{ name: "udp", port: 3478, protocol: "TURN-UDP" }] },
    });
    await work.untilCondition("relayed", "Exposed", { status: "Unknown", reason: "NotAcceptedYet" });
    const condition = {
      type: "Accepted",
      status: "False",
      reason: "NotAllowedByListeners",
      message: "no listener",
      lastTransitionTime: new Date().toISOString(),
    };
    const route = await work.child("udpRoute", "relayed-live");
    const parentRef = (route.spec as { parentRefs?: readonly object[] }).parentRefs?.[0];
    const parents = [{ parentRef, controllerName: "stunner.l7mp.io/gateway-operator", conditions: [condition] }];
    await work.mergePatch(`/apis/stunner.l7mp.io/v1/namespaces/${work.namespace}/udproutes/relayed-live/status`, {
      status: { parents },
    });
    await work.untilCondition("relayed", "Exposed", {
      status: "False",
      reason: "NotAccepted",
      message: "NotAllowedByListeners: no listener",
    });
  });
});
