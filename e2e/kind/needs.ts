/** What `make kind` takes from the machine beside Node and Go. Pure but for asking. */
export interface Need {
  readonly command: readonly [string, ...string[]];
  /** What to do when the command fails. */
  readonly otherwise: string;
}

const needs: readonly Need[] = [
  { command: ["docker", "info"], otherwise: "a running Docker engine: https://docs.docker.com/engine/install" },
  { command: ["kind", "version"], otherwise: "kind: go install sigs.k8s.io/kind@latest" },
  { command: ["cc", "--version"], otherwise: "a C compiler, for the mock of NVML: apt-get install gcc libc6-dev" },
];

/** One sentence for each that is missing. */
export async function missingForKind(
  works: (command: Need["command"]) => Promise<boolean>,
): Promise<readonly string[]> {
  const found = await Promise.all(needs.map(async (need) => ({ ...need, is: await works(need.command) })));
  return found
    .filter(({ is }) => !is)
    .map(({ command: [program], otherwise }) => `${program} does not run; wanted is ${otherwise}`);
}
