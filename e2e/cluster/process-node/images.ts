/** Which local program an image stands for. Pure. */
import type { ContainerSpec } from "./pod-spec.ts";

/** A command to run, or why there is none, in the kubelet's words. */
export type Resolved =
  | {
      /** Words of this machine: a checkout below /tmp is not what a container has mounted there. */
      readonly program: readonly [string, ...string[]];
      /** Words of the container, with its paths. */
      readonly parameters: readonly string[];
    }
  | { readonly reason: "ErrImagePull"; readonly message: string };

/** `…/gpumedia-processor:tag`, with any tag or digest. */
const processorImage = /^(.*\/)?gpumedia-processor([:@].*)?$/;

/**
 * Our image holds two programs: the processor is its entry point, the load test is a command. A command that is neither
 * is looked for on this machine.
 */
export function commandOf(
  { image, command = [], args = [] }: ContainerSpec,
  programs: Readonly<Record<string, readonly [string, ...string[]]>>,
): Resolved {
  const isOurs = processorImage.test(image);
  const [name, ...rest] = command.length > 0 || !isOurs ? command : ["gpumedia-processor"];
  if (name === undefined) {
    return { reason: "ErrImagePull", message: `${image}: not found (a process node has gpumedia-processor alone)` };
  }
  const program = (isOurs ? programs[name] : undefined) ?? ([name] as const);
  return { program, parameters: [...rest, ...args] };
}
