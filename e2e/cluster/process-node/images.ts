/** The local program that stands for an image. Pure. */
import type { ContainerSpec } from "./pod-spec.ts";

/** A command to run, or why there is none, as the kubelet reports it. */
export type Resolved =
  | {
      /** Paths of this machine: a checkout below /tmp is not the container's volume at /tmp. */
      readonly program: readonly [string, ...string[]];
      /** With paths of the container. */
      readonly parameters: readonly string[];
    }
  | { readonly reason: "ErrImagePull"; readonly message: string };

/** `…/gpumedia-processor:tag`, with any tag or digest. */
const processorImage = /^(.*\/)?gpumedia-processor([:@].*)?$/;

/**
 * Our image has two programs: the processor is its entry point, the load-test client is a command. Any other command is run
 * from this machine.
 */
export function commandOf(
  { image, command = [], args = [] }: ContainerSpec,
  programs: Readonly<Record<string, readonly [string, ...string[]]>>,
): Resolved {
  const isOurs = processorImage.test(image);
  const [name, ...rest] = command.length > 0 || !isOurs ? command : ["gpumedia-processor"];
  if (name === undefined) {
    return { reason: "ErrImagePull", message: `${image}: not found (a process node has only gpumedia-processor)` };
  }
  const program = (isOurs ? programs[name] : undefined) ?? ([name] as const);
  return { program, parameters: [...rest, ...args] };
}
