/** What a newcomer sees first. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { remainsOf, untilGone } from "./cluster-remains.ts";

const program = fileURLToPath(new URL("../demo/main.ts", import.meta.url));
const run = promisify(execFile);

async function demo(env: Record<string, string>): Promise<string> {
  return (await run(process.execPath, [program], { env: { ...process.env, ...env } })).stdout;
}

describe("make demo", () => {
  it("shows the steps, the service in kubectl's words and its children as a tree, and ends what it started", async () => {
    const output = await demo({ KEEP: "" });
    const expected = [
      /^✓ control plane, 2 nodes with 4 GPUs each, CRDs, operator \(/m,
      /^✓ examples\/minimal\.yaml applied in namespace media \(/m,
      /^ {4}Ready is True, Serving: 2 of 2 replicas serve$/m,
      /^✓ upscaler is Ready \(/m,
      /^\$ kubectl get gms -n media\nNAME +PROFILE +READY .*\nupscaler +production +True +2\/2 /m,
      /^\$ kubectl describe gms upscaler -n media\nName: +upscaler$/m,
      /^GpuMediaService upscaler\n├── ConfigMap upscaler-config$/m,
      /^│ {7}├── Pod upscaler-\S+ +Ready on gpu-node-\d\n│ {7}└── Pod upscaler-\S+ +Ready on gpu-node-\d$/m,
      /^└── VerticalPodAutoscaler upscaler-vpa\n\n✓ all ended, nothing left behind \(KEEP=1 leaves it up\) \(.*\)\n$/m,
    ];
    assert.deepEqual(
      expected.filter((pattern) => !pattern.test(output)),
      [],
      output,
    );
  });

  it("leaves cluster and operator up with KEEP=1, until the command that it prints", async () => {
    const output = await demo({ KEEP: "1" });
    const [, kubeconfig = ""] = /export KUBECONFIG=(\S+)/.exec(output) ?? assert.fail(output);
    const [, pid = ""] = /\nEnd it: kill (\d+)\n$/.exec(output) ?? assert.fail(output);
    const directory = join(kubeconfig, "..");
    const left = { directory, pids: { main: Number(pid) }, keeperPid: undefined };
    try {
      assert.deepEqual(remainsOf(left), ["main", directory]);
      const kubectl = join(directory, "bin", "kubectl");
      const env = { ...process.env, KUBECONFIG: kubeconfig };
      // The operator repairs what is taken away: so it is there, and acts.
      await run(kubectl, ["delete", "deployment", "upscaler", "-n", "media"], { env });
      await run(kubectl, ["wait", "--for=create", "deployment/upscaler", "-n", "media", "--timeout=30s"], { env });
    } finally {
      await run("kill", [pid]);
      await untilGone(left);
    }
  });
});
