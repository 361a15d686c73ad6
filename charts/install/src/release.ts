/** What an installation is called, where it is, and of which version: what all its objects share. */
import type { Manifest } from "@gpumedia/operator/src/kube/object.ts";
import type { Values } from "./values.ts";

export interface Release {
  /** Helm's release, or what else tells this installation from another. */
  readonly release: string;
  readonly namespace: string;
  readonly version: string;
  /** Who installs it, as the recommended label says it; absent: a person. */
  readonly managedBy?: string;
}

/** What each file of this room is given. */
export interface Installation extends Release {
  readonly values: Values;
  /** Of every object. */
  readonly name: string;
}

const chartName = "gpumedia-operator";
const longestName = 52;

export function installationOf(release: Release, values: Values): Installation {
  const named = release.release.includes(chartName) ? release.release : `${release.release}-${chartName}`;
  // Names of objects made of it, such as the Service for metrics, must still be DNS labels.
  const name = (values.fullnameOverride || named).slice(0, longestName).replace(/-+$/, "");
  return { ...release, values, name };
}

/** Of cluster-scoped objects: installations of different namespaces do not meet. */
export function clusterName({ namespace, name }: Installation): string {
  return `${namespace}.${name}`;
}

/** Picks the operator's pods. Never to be changed: a Deployment's selector is immutable. */
export function selectorLabels({ release }: Installation): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/name": chartName, "app.kubernetes.io/instance": release };
}

export function labels(installation: Installation): Readonly<Record<string, string>> {
  const { version, managedBy } = installation;
  return {
    ...selectorLabels(installation),
    "app.kubernetes.io/version": version,
    "app.kubernetes.io/part-of": "gpumedia",
    ...(managedBy === undefined ? {} : { "app.kubernetes.io/managed-by": managedBy }),
  };
}

/** An object of the operator's namespace. */
export function object<Body extends object>(
  installation: Installation,
  apiVersion: string,
  kind: string,
  body: Body,
  { name = installation.name, moreLabels = {} }: { name?: string; moreLabels?: Readonly<Record<string, string>> } = {},
): Manifest & Body {
  const metadata = {
    name,
    namespace: installation.namespace,
    labels: { ...moreLabels, ...labels(installation) },
  };
  return { apiVersion, kind, metadata, ...body };
}
