/** What people call a device: drivers publish it under names of their own, because Kubernetes has standardized none. */
import type { DeviceAttribute, DeviceView } from "../observe/resource-slice-view.ts";

type Published = Pick<DeviceView, "attributes">;

/** Undefined: its driver publishes none. NVIDIA's and AMD's drivers have `productName`, Intel's and the example driver `model`. */
export function productOf(driver: string, device: Published): string | undefined {
  return attributeText(driver, device, ["productName", "modelName", "model", "product"]);
}

/** The profile of a partition: `profile` of NVIDIA's MIG devices, `partitionProfile` of AMD's. */
export function profileOf(driver: string, device: Published): string | undefined {
  return attributeText(driver, device, ["profile", "partitionProfile"]);
}

export function uuidOf(driver: string, device: Published): string | undefined {
  return attributeText(driver, device, ["uuid"]);
}

/** The first name that the device has, in the driver's domain or else in another one. */
function attributeText(driver: string, { attributes }: Published, names: readonly string[]): string | undefined {
  const all = Object.entries(attributes).map(([qualified, value]) => {
    const slash = qualified.indexOf("/");
    const domain = slash < 0 ? driver : qualified.slice(0, slash);
    return { domain, name: qualified.slice(slash + 1).toLowerCase(), text: textOf(value) };
  });
  const byDomain = all.toSorted((a, b) => (order(driver, a.domain) < order(driver, b.domain) ? -1 : 1));
  const found = names.map((wanted) =>
    byDomain.find(({ name, text }) => name === wanted.toLowerCase() && text !== undefined),
  );
  return found.find((one) => one !== undefined)?.text;
}

function order(driver: string, domain: string): string {
  return domain === driver ? "" : domain;
}

function textOf({ string, version, int }: DeviceAttribute): string | undefined {
  const text = string ?? version ?? (int === undefined ? undefined : String(int));
  return text === "" ? undefined : text;
}
