/** The whole installation of the operator as one component. */
import { install, installNamespace, type Manifest, type PartialValues } from "@gpumedia/install";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

export interface GpuMediaOperatorArgs {
  /** The operator's namespace. */
  readonly namespace: string;
  /** Create the namespace, with the `restricted` level of Pod Security. Default: false. */
  readonly createNamespace?: boolean;
  /** The operator's version, which is its image's tag unless `values` set one. Default: this package's version. */
  readonly version?: string;
  /** The chart's values; omitted ones have the chart's defaults. */
  readonly values?: PartialValues;
}

const packageVersion = "0.1.0";

/**
 * The same objects as the chart's. `pulumi destroy` retains the CRDs, and so all services.
 *
 * Throws a TypeError that names an invalid value.
 */
export class GpuMediaOperator extends pulumi.ComponentResource {
  /** The Deployment's name. */
  readonly deploymentName: pulumi.Output<string>;

  constructor(name: string, args: GpuMediaOperatorArgs, options: pulumi.ComponentResourceOptions = {}) {
    super("gpumedia:index:GpuMediaOperator", name, {}, options);
    const { namespace, createNamespace = false, version = packageVersion, values = {} } = args;
    const objects = install({ release: name, namespace, version, managedBy: "pulumi" }, values);
    const declare = (object: Manifest, dependsOn: readonly pulumi.Resource[]): pulumi.Resource =>
      new kubernetes.apiextensions.CustomResource(
        [name, object.kind, object.metadata.namespace, object.metadata.name].filter(Boolean).join("-").toLowerCase(),
        { ...object, metadata: { ...object.metadata } as kubernetes.types.input.meta.v1.ObjectMeta },
        // Deleting a CRD deletes all of its objects, and with each service its pods.
        { parent: this, dependsOn: [...dependsOn], retainOnDelete: isCrd(object) },
      );

    const before = [...(createNamespace ? [installNamespace(namespace)] : []), ...objects.filter(isCrd)].map((object) =>
      declare(object, []),
    );
    for (const object of objects.filter((one) => !isCrd(one))) declare(object, before);
    const deployment = objects.find(({ kind }) => kind === "Deployment");
    this.deploymentName = pulumi.output(deployment?.metadata.name ?? name);
    this.registerOutputs({ deploymentName: this.deploymentName });
  }
}

function isCrd({ kind }: { readonly kind: string }): boolean {
  return kind === "CustomResourceDefinition";
}
