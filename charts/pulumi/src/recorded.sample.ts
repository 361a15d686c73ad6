/** What a program declares, as Pulumi's mocks record it: no engine, no provider, no cluster. */
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

/** Public in fact, and missing in the types. */
const { waitForRPCs } = pulumi.runtime as unknown as { readonly waitForRPCs: () => Promise<void> };

/** The resources that `declare` makes, in any order. */
export async function recordedOf(declare: () => unknown): Promise<readonly Recorded[]> {
  recorded.length = 0;
  await declare();
  await waitForRPCs();
  return [...recorded];
}
