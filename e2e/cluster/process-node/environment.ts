/** A container's environment and command line, as the kubelet would expand them. Pure. */
import type { EnvironmentVariable, Pod } from "./pod-spec.ts";

export type Environment = Readonly<Record<string, string>>;

/** The variables in their order: `$(NAME)` refers to an earlier one. */
export function environmentOf(variables: readonly EnvironmentVariable[], pod: Pod, podIP: string): Environment {
  const environment: Record<string, string> = {};
  for (const { name, value = "", valueFrom } of variables) {
    environment[name] =
      valueFrom?.fieldRef === undefined
        ? expanded(value, environment)
        : fieldOf(pod, podIP, valueFrom.fieldRef.fieldPath);
  }
  return environment;
}

/** `$(NAME)` of an unknown variable stays; `$$(NAME)` is `$(NAME)`. */
export function expanded(text: string, environment: Environment): string {
  return text.replaceAll(/\$\$|\$\(([A-Za-z_.-][\w.-]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? "$" : (environment[name] ?? whole),
  );
}

function fieldOf({ metadata, spec }: Pod, podIP: string, path: string): string {
  const fields: Readonly<Record<string, string>> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": spec.nodeName,
    "status.podIP": podIP,
  };
  return fields[path] ?? "";
}
