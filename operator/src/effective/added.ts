/** What users add to the pods must not take the place of what the operator renders. */
import { isAddress, pathOf, quantityValue } from "@gpumedia/api";
import type { EffectiveService, Problem } from "./service.ts";

/** The processor's own ports, and the names by which the Services, the probes and the PodMonitor find them. */
function ownPorts({ live }: EffectiveService): readonly NamedPort[] {
  return [
    { number: "8080/TCP", name: "http" },
    ...(live.enabled ? [{ number: `${live.udpPort}/UDP`, name: "live" }] : []),
  ];
}

interface NamedPort {
  /** `8080/TCP` */
  readonly number: string;
  readonly name: string | undefined;
}

/** Directories of the processor's container. A mount there hides them; one below fails, except where they may hold it. */
const directories = [
  { path: "/app", has: "the processor", mayHold: false },
  { path: "/etc/gpumedia", has: "the processor's configuration", mayHold: false },
  { path: "/tmp", has: "the processor's scratch space", mayHold: true },
];
const modelDirectory = "/models";

export function addedProblems(service: EffectiveService): readonly Problem[] {
  return [
    ...hiddenDirectories(service),
    ...unknownVolumes(service),
    ...takenPorts(service),
    ...requestsAboveLimits(service),
    ...invalidAddresses(service),
  ];
}

/** A volume of the user's own holds the model, such as one that an init container fills. */
export function mountsModels({ volumeMounts }: EffectiveService): boolean {
  return volumeMounts.some(({ mountPath }) => directory(mountPath) === modelDirectory);
}

/** Without `//`, `/./`, `/../` and a slash at the end. */
function directory(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function isBelow(path: string, parent: string): boolean {
  return path.startsWith(parent === "/" ? parent : `${parent}/`);
}

function hiddenDirectories({ volumeMounts, model }: EffectiveService): readonly Problem[] {
  const own = [
    ...directories,
    ...(model.volume === undefined
      ? []
      : [{ path: modelDirectory, has: "the volume of model.volume", mayHold: false }]),
  ];
  return volumeMounts.flatMap(({ mountPath }, index) => {
    const path = directory(mountPath);
    const hidden = own.find(
      (one) => one.path === path || isBelow(one.path, path) || (!one.mayHold && isBelow(path, one.path)),
    );
    if (hidden === undefined) return [];
    const message = `${mountPath} would hide ${hidden.path}, which has ${hidden.has}: mount it elsewhere, such as at /mnt`;
    return [{ path: pathOf(["volumeMounts", index, "mountPath"]), message }];
  });
}

function unknownVolumes({ volumes, volumeMounts, initContainers }: EffectiveService): readonly Problem[] {
  const names = new Set(volumes.map(({ name }) => name));
  const lists = [
    { at: ["volumeMounts"], mounts: volumeMounts },
    ...initContainers.map(({ volumeMounts: mounts = [] }, index) => ({
      at: ["initContainers", index, "volumeMounts"],
      mounts,
    })),
  ];
  return lists.flatMap(({ at, mounts }) => [
    ...mounts.flatMap(({ name }, index) =>
      names.has(name)
        ? []
        : [{ path: pathOf([...at, index, "name"]), message: `there is no volume ${name}: add it to volumes` }],
    ),
    ...repeated(mounts.map(({ mountPath }) => directory(mountPath))).map(({ value, index }) => ({
      path: pathOf([...at, index, "mountPath"]),
      message: `${value} is mounted twice: remove one of the mounts`,
    })),
  ]);
}

function takenPorts(service: EffectiveService): readonly Problem[] {
  const { initContainers } = service;
  const own = ownPorts(service);
  const ports = initContainers.flatMap(({ ports: added = [] }, container) =>
    added.map(({ containerPort, name, protocol = "TCP" }, index) => ({
      at: ["initContainers", container, "ports", index],
      number: `${containerPort}/${protocol}`,
      name,
    })),
  );
  const all: readonly NamedPort[] = [...own, ...ports];
  const twice = (key: "number" | "name", field: string, what: string): readonly Problem[] =>
    repeated(all.map((port) => port[key])).map(({ value, index }) => ({
      path: pathOf([...(ports[index - own.length]?.at ?? []), field]),
      message: `${what} ${value} is taken${own.some((port) => port[key] === value) ? " by the processor" : ""}: choose another one`,
    }));
  return [...twice("number", "containerPort", "port"), ...twice("name", "name", "the port name")];
}

/** The values that occurred before, and where. */
function repeated(
  values: readonly (string | undefined)[],
): readonly { readonly value: string; readonly index: number }[] {
  return values.flatMap((value, index) =>
    value !== undefined && values.indexOf(value) < index ? [{ value, index }] : [],
  );
}

function requestsAboveLimits({ initContainers }: EffectiveService): readonly Problem[] {
  return initContainers.flatMap(({ resources: { requests = {}, limits = {} } = {} }, container) =>
    (["cpu", "memory", "ephemeral-storage"] as const).flatMap((name) => {
      const [request, limit] = [requests[name], limits[name]].map((amount) => amount?.toString());
      if (request === undefined || limit === undefined || quantityValue(request) <= quantityValue(limit)) return [];
      const path = pathOf(["initContainers", container, "resources", "requests", name]);
      return [{ path, message: `${request} is above the limit ${limit}: raise the limit` }];
    }),
  );
}

function invalidAddresses({ hostAliases }: EffectiveService): readonly Problem[] {
  return hostAliases.flatMap(({ ip }, index) =>
    isAddress(ip) ? [] : [{ path: pathOf(["hostAliases", index, "ip"]), message: `${ip} is not an IP address` }],
  );
}
