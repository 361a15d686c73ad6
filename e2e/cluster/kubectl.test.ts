import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKubectl, inputText } from "./kubectl.ts";

describe("the input of kubectl", () => {
  const object = { kind: "Namespace" };
  const cases: readonly (readonly [input: string | object, text: string])[] = [
    ["kind: Namespace", "kind: Namespace"],
    [object, '{"kind":"Namespace"}'],
    [[object, object], '{"apiVersion":"v1","kind":"List","items":[{"kind":"Namespace"},{"kind":"Namespace"}]}'],
  ];
  for (const [input, text] of cases) it(text, () => assert.equal(inputText(input), text));
});

describe("kubectl", () => {
  let directory = "";
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), "kubectl-"))));
  afterEach(() => rm(directory, { recursive: true }));

  async function kubectl(script: string): Promise<ReturnType<typeof createKubectl>> {
    const program = join(directory, "kubectl");
    await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return createKubectl(program, join(directory, "admin.kubeconfig"));
  }

  it("receives its parameters, its input and the cluster's configuration", async () => {
    const run = await kubectl('cat; echo "$@" $KUBECONFIG $KUBECACHEDIR');
    assert.equal(
      await run("input ", "get", "pods"),
      `input get pods ${directory}/admin.kubeconfig ${directory}/kubectl-cache\n`,
    );
  });

  it("fails with its standard error, also when it did not read its input", async () => {
    const run = await kubectl("echo no such thing >&2; exit 3");
    await assert.rejects(run("x".repeat(1_000_000), "get", "x"), {
      name: "KubectlError",
      message: "kubectl get x exited with code 3: no such thing",
      code: 3,
      stderr: "no such thing\n",
    });
  });
});
