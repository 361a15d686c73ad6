/** Records the resources that a program declares, with Pulumi's mocks: no engine, provider or cluster. */
import * as pulumi from "@pulumi/pulumi";

export interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

const recorded: Recorded[] = [];

await pulumi.runtime.setMocks(
  {
    newResource({ type, name, inputs }) {
      recorded.push({ type, name, inputs: inputs as Recorded["inputs"] });
      return { id: `${name}-id`, state: inputs as object };
    },
    call: ({ inputs }) => inputs as object,
  },
  "gpumedia",
  "test",
);

/** Exported, but missing in the types. */
const { waitForRPCs } = pulumi.runtime as unknown as { readonly waitForRPCs: () => Promise<void> };

/** Returns the resources that `declare` creates, in any order. */
export async function recordedOf(declare: () => unknown): Promise<readonly Recorded[]> {
  recorded.length = 0;
  await declare();
  await waitForRPCs();
  return [...recorded];
}
