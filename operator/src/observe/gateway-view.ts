/** What the operator reads of a Gateway: its listeners, and whether they are programmed. */
import { namespacedType, objectKey, type KubeObject, type ObjectKey } from "../kube/object.ts";
import type { StatusCondition } from "./child-view.ts";

export const gatewayGroup = "gateway.networking.k8s.io";
export const gatewayType = namespacedType(`${gatewayGroup}/v1`, "Gateway", "gateways");

export interface GatewayView {
  readonly key: ObjectKey;
  readonly className: string;
  readonly listeners: readonly Listener[];
  readonly conditions: readonly StatusCondition[];
}

export interface Listener {
  readonly name: string;
  readonly port: number;
  /** `HTTP`, `HTTPS`, `TLS` or one of the controller. */
  readonly protocol: string;
  readonly hostname?: string;
  readonly conditions: readonly StatusCondition[];
}

/** `ParentReference` of a route. */
export interface ParentRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

interface Gateway extends KubeObject {
  readonly spec?: {
    readonly gatewayClassName?: string;
    readonly listeners?: readonly Omit<Listener, "conditions">[];
  };
  readonly status?: {
    readonly conditions?: readonly StatusCondition[];
    readonly listeners?: readonly { readonly name: string; readonly conditions?: readonly StatusCondition[] }[];
  };
}

export function viewGateway(object: KubeObject): GatewayView {
  const { spec = {}, status = {} } = object as Gateway;
  return {
    key: objectKey(object),
    className: spec.gatewayClassName ?? "",
    listeners: (spec.listeners ?? []).map(({ name, port, protocol, hostname }) => ({
      name,
      port,
      protocol,
      ...(hostname === undefined ? {} : { hostname }),
      conditions: (status.listeners ?? []).find((one) => one.name === name)?.conditions ?? [],
    })),
    conditions: status.conditions ?? [],
  };
}

/** The Gateway that a route in `routeNamespace` refers to; undefined for a parent of another kind. */
export function gatewayKey(ref: ParentRef, routeNamespace: string): ObjectKey | undefined {
  const { group = gatewayGroup, kind = "Gateway", namespace = routeNamespace, name } = ref;
  return group === gatewayGroup && kind === "Gateway" ? `${namespace}/${name}` : undefined;
}
