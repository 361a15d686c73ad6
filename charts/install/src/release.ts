/** Name, namespace, version and labels that all objects of an installation share. */
import type { Manifest } from "@gpumedia/operator/src/kube/object.ts";
import type { Values } from "./values.ts";

export interface Release {
  /** Helm's release, or another name that identifies this installation. */
  readonly release: string;
  readonly namespace: string;
  readonly version: string;
  /** The value of `app.kubernetes.io/managed-by`; absent: no label. */
  readonly managedBy?: string;
}

/** The input of every file of this package. */
export interface Installation extends Release {
  readonly values: Values;
  /** Of every object. */
  readonly name: string;
}

const chartName = "gpumedia-operator";
const longestName = 52;

export function installationOf(release: Release, values: Values): Installation {
  const named = release.release.includes(chartName) ? release.release : `${release.release}-${chartName}`;
  // Names derived from it, such as the metrics Service's, must still be DNS labels.
  const name = (values.fullnameOverride || named).slice(0, longestName).replace(/-+$/, "");
  return { ...release, values, name };
}

/** Name of cluster-scoped objects: installations in different namespaces do not collide. */
export function clusterName({ namespace, name }: Installation): string {
  return `${namespace}.${name}`;
}

/** Selects the operator's pods. Must never change: a Deployment's selector is immutable. */
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

/** An object in the operator's namespace. */
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
