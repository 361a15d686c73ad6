/** What the operator reads of a DeviceTaintRule: a taint that an administrator or a controller adds to devices. */
import { clusterType, type KubeObject } from "../kube/object.ts";
import { viewTaint, type Taint } from "./node-view.ts";

/** Served since Kubernetes 1.37. */
export const deviceTaintRuleType = clusterType("resource.k8s.io/v1", "DeviceTaintRule", "devicetaintrules");

export interface DeviceTaintRuleView {
  readonly name: string;
  /** Undefined: of any driver, in any pool, any device. */
  readonly driver: string | undefined;
  readonly pool: string | undefined;
  readonly device: string | undefined;
  readonly taint: Taint;
}

interface DeviceTaintRule extends KubeObject {
  readonly spec: {
    readonly deviceSelector?: { readonly driver?: string; readonly pool?: string; readonly device?: string };
    readonly taint: Taint;
  };
}

export function viewDeviceTaintRule(object: KubeObject): DeviceTaintRuleView {
  const { metadata, spec } = object as DeviceTaintRule;
  const { driver, pool, device } = spec.deviceSelector ?? {};
  return { name: metadata.name, driver, pool, device, taint: viewTaint(spec.taint) };
}
