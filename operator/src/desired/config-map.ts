/** ConfigMap `<service>-config`: the processor's configuration file. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child } from "./child.ts";
import { processorConfig } from "./processor-config.ts";
import { configKey } from "./volumes.ts";

export function configMap(service: EffectiveService): Manifest {
  return child(service, "configMap", {
    data: { [configKey]: `${JSON.stringify(processorConfig(service), null, 2)}\n` },
  });
}
