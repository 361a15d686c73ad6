/** `make demo`, with pods that run and with pods that cannot run. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openSystemCodecs } from "@gpumedia/processor/src/live/system-codecs.ts";
import { controlPlaneTools } from "../cluster/control-plane.ts";
import { remainsOf, untilGone } from "../cluster/remains.ts";

const program = fileURLToPath(new URL("../demo/main.ts", import.meta.url));
const run = promisify(execFile);

async function demo(env: Record<string, string>): Promise<string> {
  const running = run(process.execPath, [program], { env: { ...process.env, ...env } });
  const { stdout } = await running.catch((error: { readonly stdout: string; readonly stderr: string }) => {
    return assert.fail(`${error.stdout}\n${error.stderr}`);
  });
  return stdout;
}

function hasCodec(): boolean {
  try {
    openSystemCodecs();
    return true;
  } catch {
    return false;
  }
}

// A cold build takes minutes. No test's timeout runs while mocha loads the specs.
await controlPlaneTools();

describe("make demo", function () {
  this.timeout(600_000);

  it("shows the whole control loop, and with KEEP=1 keeps it running until the printed command", async () => {
    const output = await demo({ KEEP: "1" });
    const [, kubeconfig = ""] = /export KUBECONFIG=(\S+)/.exec(output) ?? assert.fail(output);
    const [, pid = ""] = /\nTo stop it: kill (\d+)\n$/.exec(output) ?? assert.fail(output);
    const directory = join(kubeconfig, "..");
    const report = { directory, pids: { main: Number(pid) }, keeperPid: undefined };
    const shown = (ready: string): string =>
      `\\$ kubectl get gms -n media\nNAME .*\nupscaler +production +True +${ready} `;
    const tree =
      "│ {7}├── Pod upscaler-\\S+ +Ready on process-node\n│ {7}└── Pod upscaler-\\S+ +Ready on process-node\n";
    const live = hasCodec()
      ? [
          "\\$ cat e2e/demo/live\\.yaml\n",
          "✓ Sending live video through the model and back \\(",
          "\\$ kubectl get gmlt -n media\nNAME .*\nlive +upscaler +live +Passed ",
        ]
      : [];
    const inOrder = [
      "✓ Starting a control plane, a node with 4 mock GPUs and the operator \\(",
      "\\$ cat e2e/demo/upscaler\\.yaml\n",
      "✓ Applying e2e/demo/upscaler\\.yaml in namespace media \\(",
      "✓ Waiting for upscaler to be Ready \\(",
      " {4}POST http://10\\.0\\.\\S+/v1/process: 200 image/jpeg, 640x427 scaled to 1280x854\n",
      shown("1/1"),
      " {4}GPUs at about \\d+ %: 2 desired, 1 ready\n",
      shown("2/2"),
      tree,
      "✓ Removing the load until the autoscaler removes the pod \\(",
      shown("1/1"),
      "Scaled up replica set upscaler-\\S+ from 1 to 2\n",
      ...live,
    ];
    try {
      const missing = inOrder.find((_, at) => !new RegExp(inOrder.slice(0, at + 1).join("[^]*"), "m").test(output));
      assert.equal(missing, undefined, `${missing} is missing, or comes too early:\n${output}`);
      assert.deepEqual(remainsOf(report), ["main", directory]);
      const kubectl = join(directory, "bin", "kubectl");
      const env = { ...process.env, KUBECONFIG: kubeconfig };
      // The operator is running if it creates the Deployment again.
      await run(kubectl, ["delete", "deployment", "upscaler", "-n", "media"], { env });
      await run(kubectl, ["wait", "--for=create", "deployment/upscaler", "-n", "media", "--timeout=110s"], { env });
    } finally {
      await run("kill", [pid]);
      await untilGone(report);
    }
  });

  it("shows a service, its status and its children if pods cannot run, and stops everything", async () => {
    const output = await demo({ KEEP: "", CC: "no-such-compiler" });
    const expected = [
      /^Pods cannot run on this machine, .*no C compiler: cannot run "no-such-compiler"/,
      /^✓ Starting a control plane, 2 nodes with 4 GPUs each and the operator \(/m,
      /^✓ Applying examples\/minimal\.yaml in namespace media \(/m,
      /^ {4}Ready is True, Serving: 2 of 2 replicas are ready$/m,
      /^✓ Waiting for upscaler to be Ready \(/m,
      /^\$ kubectl get gms -n media\nNAME +PROFILE +READY .*\nupscaler +production +True +2\/2 /m,
      /^\$ kubectl describe gms upscaler -n media\nName: +upscaler$/m,
      /^GpuMediaService upscaler\n├── ConfigMap upscaler-config$/m,
      /^│ {7}├── Pod upscaler-\S+ +Ready on gpu-node-\d\n│ {7}└── Pod upscaler-\S+ +Ready on gpu-node-\d$/m,
      /^└── VerticalPodAutoscaler upscaler-vpa\n\n✓ Stopping everything \(KEEP=1 keeps it running\) \(.*\)\n$/m,
    ];
    const missing = expected.filter((pattern) => !pattern.test(output));
    assert.deepEqual(missing, [], output);
  });
});
