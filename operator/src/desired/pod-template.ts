/** Template of a service's pods. It meets the `restricted` Pod Security Standard. */
import { durationSeconds } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import { claimTemplateLabel } from "../observe/names.ts";
import { addedDirectories, initContainers } from "./added.ts";
import { unlessEmpty, withoutEmpties } from "./canonical.ts";
import { labels, selectorLabels } from "./child.ts";
import { claimName, container, endpointRemovalSeconds } from "./container.ts";
import type { ChildContext } from "./context.ts";
import { podUser, volumeGroup } from "./pod-user.ts";
import { restartChecksum } from "./processor-config.ts";
import { claimTemplate } from "./resource-claim-template.ts";
import { serviceAccountName } from "./service-account.ts";
import { scratchVolume, volumes } from "./volumes.ts";

/** Changes when the processor must restart to apply a change of its configuration. */
const configAnnotation = "gpumedia.io/config";

/** Cluster autoscalers remove no node with a pod that has an `emptyDir`, unless the pod names it. */
function directoriesMayGo(service: EffectiveService): Readonly<Record<string, string>> {
  const names = [scratchVolume, ...addedDirectories(service)].join(",");
  return { "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes": names };
}

/** From the end of the last request to the exit of the process. In seconds. */
const exitSeconds = 10;

export function podTemplate(
  service: EffectiveService,
  { features, gpus }: Pick<ChildContext, "features" | "gpus">,
): object {
  const { podMetadata } = service;
  const claim = claimTemplate(service, gpus);
  return {
    metadata: {
      labels: {
        ...podMetadata.labels,
        ...labels(service),
        ...(claim === undefined ? {} : { [claimTemplateLabel]: claim.hash }),
      },
      annotations: {
        ...directoriesMayGo(service),
        ...podMetadata.annotations,
        [configAnnotation]: restartChecksum(service),
      },
    },
    spec: {
      serviceAccountName: serviceAccountName(service),
      automountServiceAccountToken: false,
      // Variables for every Service in the namespace would change the pods' environment whenever one is added.
      enableServiceLinks: false,
      terminationGracePeriodSeconds: endpointRemovalSeconds + durationSeconds(service.drain.timeout) + exitSeconds,
      securityContext: {
        runAsNonRoot: true,
        ...podUser(service, features),
        ...volumeGroup(service, features),
        seccompProfile: { type: "RuntimeDefault" },
        ...unlessEmpty("sysctls", sysctls(service)),
      },
      ...unlessEmpty("imagePullSecrets", service.imagePullSecrets),
      ...unlessEmpty("initContainers", initContainers(service)),
      ...(claim === undefined ? {} : { resourceClaims: [{ name: claimName, resourceClaimTemplateName: claim.name }] }),
      containers: [container(service, gpus)],
      volumes: volumes(service),
      ...unlessEmpty("hostAliases", service.hostAliases),
      ...scheduling(service),
    },
  };
}

function sysctls(service: EffectiveService): readonly object[] {
  return Object.entries(service.sysctls)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
}

function scheduling(service: EffectiveService): object {
  const { nodeSelector, tolerations, affinity, priorityClassName, runtimeClassName } = service.scheduling;
  return {
    ...unlessEmpty("nodeSelector", nodeSelector),
    ...unlessEmpty("tolerations", withoutEmpties(tolerations)),
    ...unlessEmpty("affinity", affinity === undefined ? undefined : withoutEmpties(affinity)),
    ...unlessEmpty("topologySpreadConstraints", spread(service)),
    ...unlessEmpty("priorityClassName", priorityClassName),
    ...unlessEmpty("runtimeClassName", runtimeClassName),
  };
}

/** A constraint without a selector counts the service's pods of one template: old ones are about to terminate. */
function spread(service: EffectiveService): readonly object[] {
  const counted = { labelSelector: { matchLabels: selectorLabels(service) }, matchLabelKeys: ["pod-template-hash"] };
  return service.scheduling.topologySpreadConstraints.map((constraint) =>
    withoutEmpties(constraint.labelSelector === undefined ? { ...counted, ...constraint } : constraint),
  );
}
