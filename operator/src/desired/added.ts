/**
 * What users add to the pods: init containers, sidecars, volumes and mounts. As the API server stores it: it drops false and
 * empty values of most fields, and completes what is in atomic lists.
 */
import type { EffectiveService } from "../effective/service.ts";
import { canonicalQuantity } from "./canonical-quantity.ts";
import { unlessEmpty, withoutEmpties } from "./canonical.ts";
import { asStored } from "./environment.ts";

type Container = EffectiveService["initContainers"][number];
type Volume = EffectiveService["volumes"][number];
type Mount = EffectiveService["volumeMounts"][number];

export function addedVolumes({ volumes }: EffectiveService): readonly object[] {
  return volumes.map(volume);
}

export function addedMounts({ volumeMounts }: EffectiveService): readonly object[] {
  return volumeMounts.map(mount);
}

/** The directories on the node's disk, for the Cluster Autoscaler. */
export function addedDirectories({ volumes }: EffectiveService): readonly string[] {
  return volumes.flatMap(({ name, emptyDir }) => (emptyDir === undefined ? [] : [name]));
}

export function initContainers(service: EffectiveService): readonly object[] {
  return service.initContainers.map(container);
}

function container(added: Container): object {
  const { env = [], ports = [], resources, securityContext, volumeMounts = [], ...rest } = added;
  return {
    ...withoutEmpties(rest),
    ...unlessEmpty("env", env.map(asStored)),
    ...unlessEmpty(
      "ports",
      ports.map(({ protocol = "TCP", ...port }) => ({ ...port, protocol })),
    ),
    ...unlessEmpty("resources", {
      ...unlessEmpty("requests", amounts(resources?.requests)),
      ...unlessEmpty("limits", amounts(resources?.limits)),
    }),
    // Last: a user's field loosens none of these.
    securityContext: {
      ...securityContext,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    },
    ...unlessEmpty("volumeMounts", volumeMounts.map(mount)),
  };
}

function amounts(quantities: Readonly<Record<string, string | number>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(quantities).map(([name, quantity]) => [name, canonicalQuantity(String(quantity))]),
  );
}

function mount({ readOnly = false, ...rest }: Mount): object {
  return { ...withoutEmpties(rest), ...(readOnly ? { readOnly } : {}) };
}

function volume({ emptyDir, persistentVolumeClaim, projected, downwardAPI, ...rest }: Volume): object {
  if (emptyDir !== undefined) {
    const { sizeLimit, ...more } = emptyDir;
    const size = sizeLimit === undefined ? {} : { sizeLimit: canonicalQuantity(String(sizeLimit)) };
    return { ...rest, emptyDir: { ...more, ...size } };
  }
  if (persistentVolumeClaim !== undefined) {
    const { readOnly = false, claimName } = persistentVolumeClaim;
    return { ...rest, persistentVolumeClaim: { claimName, ...(readOnly ? { readOnly } : {}) } };
  }
  if (downwardAPI !== undefined) return { ...rest, downwardAPI: withItems(downwardAPI) };
  if (projected === undefined) return withoutEmpties(rest);
  const sources = projected.sources.map(({ serviceAccountToken, downwardAPI: fields, ...source }) => {
    if (serviceAccountToken !== undefined) {
      const { expirationSeconds = 3_600, ...token } = serviceAccountToken;
      return { serviceAccountToken: { ...withoutEmpties(token), expirationSeconds } };
    }
    return fields === undefined ? withoutEmpties(source) : { downwardAPI: withItems(fields) };
  });
  return { ...rest, projected: { ...projected, sources } };
}

type Fields = NonNullable<Volume["downwardAPI"]>;

function withItems({ items = [], ...rest }: Fields): object {
  const complete = items.map(({ fieldRef, ...item }) => ({ ...item, fieldRef: { apiVersion: "v1", ...fieldRef } }));
  return { ...rest, ...unlessEmpty("items", complete) };
}
