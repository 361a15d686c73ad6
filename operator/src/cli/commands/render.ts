/** `gpumedia render`: the children of services and the objects that services share, as YAML, as the operator would apply them. */
import { stringify } from "yaml";
import { desiredChildren } from "../../desired/children.ts";
import { liveAddress } from "../../desired/live-address.ts";
import type { ChildContext, Rollout } from "../../desired/context.ts";
import { sharedObjects } from "../../desired/shared.ts";
import { gpuRequest, type GpuAllocation } from "../../effective/gpu-request.ts";
import type { EffectiveService } from "../../effective/service.ts";
import type { Manifest } from "../../kube/object.ts";
import { childKinds } from "../../observe/child-kinds.ts";
import { gpuMetricOf, serviceSharing } from "../../utilization/scaling-metric.ts";
import { exit, type ExitCode, type Terminal } from "../terminal.ts";
import { completeServices, type CompleteService, type ServiceFlags } from "./files.ts";

export interface RenderFlags extends ServiceFlags {
  readonly operatorNamespace: string;
  readonly runbookUrl: string;
  readonly rollout: Rollout;
  readonly notServed: ReadonlySet<string>;
}

const optionalKinds = Object.values(childKinds)
  .filter(({ optional }) => optional)
  .map(({ type }) => type.kind)
  .toSorted();

/** The values of `--not-served`: optional kinds, and two features that children depend on. */
export const notServable: readonly string[] = [...optionalKinds, "custom.metrics.k8s.io", "InPlaceOrRecreate"];

export async function render(flags: RenderFlags, terminal: Terminal): Promise<ExitCode> {
  const services = await completeServices(flags, terminal);
  if (services === undefined) return exit.findings;
  const { operatorNamespace, runbookUrl, rollout, notServed } = flags;
  const features = {
    busyPodMetric: !notServed.has("custom.metrics.k8s.io"),
    livePodMetrics: !notServed.has("custom.metrics.k8s.io"),
    gpuPodMetric: !notServed.has("custom.metrics.k8s.io"),
    resourceMetrics: true,
    securityContextConstraints: false,
    hpaTolerance: true,
    imageVolumes: true,
    fields: {},
    inPlaceVpa: !notServed.has("InPlaceOrRecreate"),
  };
  const context = { operatorNamespace, exportsTargets: true, rollout, waitingReplicas: 0, features };
  const children = services.flatMap(({ service, status }) => {
    const gpuMetric = gpuMetricOf(serviceSharing(service, undefined, undefined));
    return renderedChildren(
      service,
      {
        ...context,
        gpuMetric,
        gpus: gpuRequest(service, allocation(service, status)),
        liveAddress: liveAddress(service, undefined),
      },
      notServed,
    );
  });
  const shared = sharedObjects(
    services.map(({ service }) => service),
    { operatorNamespace, namespaces: [], runbookUrl },
  ).filter(({ kind }) => !notServed.has(kind));
  const documents = [...children.map(yaml), ...shared.map((manifest) => `${sharedNote}${yaml(manifest)}`)];
  terminal.out(documents.join("---\n"));
  return exit.ok;
}

/** Of a service that was read from a cluster, what the operator has decided; otherwise as in a cluster without DRA. */
function allocation({ gpu }: EffectiveService, status: CompleteService["status"]): GpuAllocation {
  if (gpu.allocation !== "Auto") return gpu.allocation;
  return status?.gpu?.allocation ?? "ExtendedResource";
}

const sharedNote = "# Shared by all services of the cluster; the operator adds what the others need.\n";

function yaml(manifest: Manifest): string {
  // kubectl reads YAML 1.1, in which a bare `on` is true.
  return stringify(manifest, { aliasDuplicateObjects: false, compat: "yaml-1.1", lineWidth: 0 });
}

function renderedChildren(
  service: EffectiveService,
  context: ChildContext,
  notServed: ReadonlySet<string>,
): readonly Manifest[] {
  return desiredChildren(service, context)
    .filter(({ kind }) => !notServed.has(kind.type.kind))
    .flatMap(({ manifest }) => (manifest === null ? [] : [unowned(service, manifest)]));
}

/** A service in a file has no UID yet, and the API server rejects an owner without one. */
function unowned(service: EffectiveService, manifest: Manifest): Manifest {
  if (service.owner.uid !== "") return manifest;
  const { ownerReferences: _, ...metadata } = manifest.metadata;
  return { ...manifest, metadata };
}
