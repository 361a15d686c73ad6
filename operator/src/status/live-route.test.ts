import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import type { ChildRole } from "../observe/child-kinds.ts";
import type { ChildStatus, StatusCondition } from "../observe/child-view.ts";
import type { GatewayView } from "../observe/gateway-view.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import { exposed, externalRoutes } from "./exposed.ts";
import type { ExposedReason } from "./reasons.ts";
import { sampleChild, sampleStatusInput } from "./status-input.sample.ts";

const turn = { name: "turn", namespace: "stunner" };
const relayed = { service: { type: "ClusterIP" as const }, gateway: { parentRefs: [turn] } };
const balanced = (...ingress: NonNullable<ChildStatus["loadBalancer"]>["ingress"] & object): ChildStatus => ({
  loadBalancer: { ingress },
});
const reports = (...conditions: readonly Omit<StatusCondition, "observedGeneration">[]): ChildStatus => ({
  parents: [{ parentRef: turn, conditions }],
});
const gateway: GatewayView = {
  key: "stunner/turn",
  className: "stunner",
  listeners: [{ name: "udp", port: 3478, protocol: "TURN-UDP", conditions: [] }],
  conditions: [],
};

describe("Exposed, of live video", () => {
  const cases: {
    readonly [title: string]: {
      readonly live: GpuMediaServiceSpec["live"];
      readonly service?: ChildStatus;
      readonly route?: ChildStatus;
      readonly skipped?: readonly ChildRole[];
      readonly gateways?: readonly GatewayView[];
      readonly verdict: Verdict<ExposedReason>;
    };
  } = {
    "is not needed while it is off": {
      live: { ...relayed, publicAddresses: ["203.0.113.7"] },
      verdict: isTrue("NotNeeded", "no Ingress or Gateway is set; clients in the cluster reach the Service"),
    },
    "is not needed within the cluster": {
      live: { enabled: true, service: { type: "ClusterIP" } },
      verdict: isTrue("NotNeeded", "no Ingress or Gateway is set; clients in the cluster reach the Service"),
    },
    "has the address of the load balancer": {
      live: { enabled: true },
      service: balanced({ ip: "203.0.113.7" }),
      verdict: isTrue("Routed", "Service upscaler-live has the address 203.0.113.7"),
    },
    "waits for the address of the load balancer": {
      live: { enabled: true },
      service: {},
      verdict: unknown(
        "NoAddress",
        "Service upscaler-live has no address; check that the cluster has a controller for load balancers, or set live.service.type or live.publicAddresses",
      ),
    },
    "needs an address beside a host name": {
      live: { enabled: true },
      service: balanced({ hostname: "lb.example.com" }),
      verdict: isFalse(
        "NoAddress",
        "Service upscaler-live has the host name lb.example.com, and WebRTC announces only IP addresses; set live.publicAddresses to those of the load balancer",
      ),
    },
    "needs the addresses of nodes": {
      live: { enabled: true, service: { type: "NodePort" } },
      service: {},
      verdict: isFalse(
        "NoAddress",
        "Service upscaler-live has type NodePort, and its addresses are those of nodes; set live.publicAddresses to some of them",
      ),
    },
    "has the addresses of the spec": {
      live: { enabled: true, service: { type: "NodePort" }, publicAddresses: ["198.51.100.1", "198.51.100.2"] },
      verdict: isTrue("Routed", "Service upscaler-live is announced at 198.51.100.1, 198.51.100.2"),
    },
    "is relayed": {
      live: { enabled: true, ...relayed },
      route: reports({ type: "Accepted", status: "True" }, { type: "ResolvedRefs", status: "True" }),
      verdict: isTrue("Routed", "Gateway stunner/turn relays live video to the pods"),
    },
    "is refused by the relay": {
      live: { enabled: true, ...relayed },
      route: reports({ type: "Accepted", status: "False", reason: "NotAllowedByListeners" }),
      verdict: isFalse(
        "NotAccepted",
        "Gateway stunner/turn does not accept the route: NotAllowedByListeners; allowedRoutes of its listener must admit namespace media",
      ),
    },
    "is refused for another reason": {
      live: { enabled: true, ...relayed },
      route: reports({ type: "ResolvedRefs", status: "False", reason: "BackendNotFound" }),
      verdict: isFalse(
        "NotAccepted",
        "Gateway stunner/turn does not accept the route: BackendNotFound; see kubectl describe udproute upscaler-live -n media",
      ),
    },
    "names a relay that does not exist": {
      live: { enabled: true, ...relayed },
      gateways: [],
      verdict: isFalse(
        "NoSuchGateway",
        "Gateway stunner/turn does not exist; create it, or correct live.gateway.parentRefs",
      ),
    },
    "needs STUNner": {
      live: { enabled: true, ...relayed },
      skipped: ["udpRoute"],
      verdict: isFalse(
        "ApiMissing",
        "STUNner's UDPRoute is not installed, so no relay admits live video; install STUNner, or remove live.gateway",
      ),
    },
  };
  for (const [title, { live, service, route, skipped = [], gateways = [gateway], verdict }] of Object.entries(cases)) {
    it(title, () => {
      const input = sampleStatusInput({
        service: sampleService(live === undefined ? {} : { live }),
        liveService: service === undefined ? undefined : sampleChild({ status: service }),
        udpRoute: route === undefined ? undefined : sampleChild({ status: route }),
        skipped: new Set(skipped),
        gateways: new Map(gateways.map((one) => [one.key, one])),
      });
      assert.deepEqual(exposed(externalRoutes(input)), verdict);
    });
  }
});
