/** How much memory this process may use: the container's limit, not the memory of the host. */
import { totalmem } from "node:os";

/** In bytes. Without a container it is the machine's memory; libuv returns a huge number or 0 if there is no limit. */
export function memoryLimitBytes(
  constrained: number = process.constrainedMemory(),
  machine: number = totalmem(),
): number {
  return constrained > 0 ? Math.min(constrained, machine) : machine;
}
