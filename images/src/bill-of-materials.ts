/** The packages in an image, as CycloneDX 1.6, without time and serial number: the same image has the same bill. Pure. */
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import type { Component } from "./component.ts";

export interface Billed {
  /** The image's reference. */
  readonly name: string;
  readonly version: string;
  readonly components: readonly Component[];
}

export function billOfMaterials({ name, version, components }: Billed): string {
  const container = new Models.Component(Enums.ComponentType.Container, name, { bomRef: name, version });
  const bill = new Models.Bom({ metadata: new Models.Metadata({ component: container }) });
  // A package that is in two folders is listed once.
  const packages = new Map(components.map((component) => [component.purl, component])).values();
  for (const { name: packageName, version: packageVersion, purl, license } of packages) {
    const component = new Models.Component(Enums.ComponentType.Library, packageName, {
      bomRef: purl,
      version: packageVersion,
      purl,
    });
    if (license !== undefined) component.licenses.add(new Models.LicenseExpression(license));
    bill.components.add(component);
  }
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return `${new Serialize.JsonSerializer(factory).serialize(bill, { sortLists: true, space: 2 })}\n`;
}
