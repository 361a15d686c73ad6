/** ConfigMap `<service>-config`: the processor's configuration file, and the targets that its pods export. */
import { targetsFileName } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child } from "./child.ts";
import type { ChildContext } from "./context.ts";
import { processorConfig } from "./processor-config.ts";
import { serviceTargets } from "./service-targets.ts";
import { configKey } from "./volumes.ts";

export function configMap(
  service: EffectiveService,
  { operatorNamespace, liveAddress }: Pick<ChildContext, "operatorNamespace" | "liveAddress">,
): Manifest {
  return child(service, "configMap", {
    data: {
      [configKey]: text(processorConfig(service, liveAddress)),
      // A file of its own: a processor that is too old for a setting does not start with it.
      [targetsFileName]: text(serviceTargets(service, operatorNamespace)),
    },
  });
}

function text(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
