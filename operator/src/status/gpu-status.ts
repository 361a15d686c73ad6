/** How the pods of a service get their GPUs, and which devices their claims have. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import type { DeviceView } from "../observe/resource-slice-view.ts";
import { productOf, profileOf, uuidOf } from "../plan/device-attributes.ts";
import type { StatusInput } from "./status-input.ts";

type GpuStatus = NonNullable<GpuMediaServiceStatus["gpu"]>;
type PodDevice = NonNullable<GpuStatus["devices"]>[number];

/** Enough to find a broken GPU; a status with the devices of hundreds of pods would be written with each of them. */
const maxDevices = 32;
const longestMessage = 1_024;

export function gpuStatus(
  {
    service,
    allocation,
    claimTemplate,
    pods,
    gpus,
  }: Pick<StatusInput, "service" | "allocation" | "claimTemplate" | "pods" | "gpus">,
  before: GpuStatus | undefined,
): GpuStatus | undefined {
  if (service.gpu.count === 0) return undefined;
  // A suspended service keeps its last decision: without it, it would be decided again when it is resumed.
  const { allocation: how, message } = allocation ?? before ?? {};
  if (how === undefined) return undefined;
  const template = service.suspend ? before?.claimTemplate : claimTemplate;
  const devices = podDevices(pods, gpus.dra);
  return {
    allocation: how,
    ...(message === undefined ? {} : { message: message.slice(0, longestMessage) }),
    ...(template === undefined ? {} : { claimTemplate: template }),
    ...(devices.length === 0 ? {} : { devices: devices.slice(0, maxDevices) }),
  };
}

function podDevices(pods: StatusInput["pods"], dra: StatusInput["gpus"]["dra"]): readonly PodDevice[] {
  if (dra === undefined || pods.length === 0) return [];
  const byKey = new Map(pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
  const devices = dra.pools.flatMap(({ key, driver, slices }) =>
    (dra.allocations.get(key) ?? []).flatMap((allocated): readonly PodDevice[] => {
      const users = allocated.pods.flatMap((name) => byKey.get(name) ?? []);
      if (users.length === 0) return [];
      const device = slices.flatMap((slice) => slice.devices).find(({ name }) => name === allocated.device);
      return users.map(({ name, node }) => ({
        pod: name,
        ...(node === undefined ? {} : { node }),
        device: allocated.device,
        ...(device === undefined ? {} : known(driver, device)),
      }));
    }),
  );
  return devices.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
}

function order({ pod, device }: PodDevice): string {
  return `${pod} ${device}`;
}

function known(driver: string, device: DeviceView): Pick<PodDevice, "productName" | "profile" | "uuid"> {
  const [productName, profile, uuid] = [productOf(driver, device), profileOf(driver, device), uuidOf(driver, device)];
  return {
    ...(productName === undefined ? {} : { productName: productName.slice(0, 64) }),
    ...(profile === undefined ? {} : { profile: profile.slice(0, 64) }),
    ...(uuid === undefined ? {} : { uuid: uuid.slice(0, 80) }),
  };
}
