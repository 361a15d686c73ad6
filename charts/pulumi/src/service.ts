/** A GpuMediaService with a typed spec. */
import type { GpuMediaServiceSpec, GpuMediaServiceStatus } from "@gpumedia/api";
import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

export interface GpuMediaServiceArgs {
  /** Without a name, Pulumi derives one from the resource's. */
  readonly metadata?: pulumi.Input<kubernetes.types.input.meta.v1.ObjectMeta>;
  /** Default: {}, the guide's production setup. */
  readonly spec?: pulumi.Input<GpuMediaServiceSpec>;
}

export class GpuMediaService extends kubernetes.apiextensions.CustomResource {
  declare readonly spec: pulumi.Output<GpuMediaServiceSpec>;
  declare readonly status: pulumi.Output<GpuMediaServiceStatus | undefined>;

  constructor(name: string, { metadata, spec = {} }: GpuMediaServiceArgs = {}, options?: pulumi.CustomResourceOptions) {
    super(
      name,
      {
        apiVersion: "gpumedia.io/v1alpha1",
        kind: "GpuMediaService",
        ...(metadata === undefined ? {} : { metadata }),
        spec,
      },
      options,
    );
  }
}
