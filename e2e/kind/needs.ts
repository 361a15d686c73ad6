/** What `make kind` needs on the machine, in addition to Node and Go. */
export interface Need {
  readonly command: readonly [string, ...string[]];
  /** What is missing if the command fails, and how to install it. */
  readonly install: string;
}

const needs: readonly Need[] = [
  { command: ["docker", "info"], install: "a running Docker engine: https://docs.docker.com/engine/install" },
  { command: ["kind", "version"], install: "kind: go install sigs.k8s.io/kind@latest" },
  { command: ["cc", "--version"], install: "a C compiler, for the mock of NVML: apt-get install gcc libc6-dev" },
];

/** One line for each that is missing. */
export async function missingForKind(
  works: (command: Need["command"]) => Promise<boolean>,
): Promise<readonly string[]> {
  const found = await Promise.all(needs.map(async (need) => ({ ...need, works: await works(need.command) })));
  return found.filter((need) => !need.works).map(({ command, install }) => `${install} ("${command.join(" ")}" fails)`);
}
