/**
 * `make kind`: the operator and a service with GPUs on a kind cluster, which needs Docker. It loads the images of `make images`,
 * installs NVIDIA's device plugin on mock GPUs and the chart, and waits for a service and a load test. To delete the cluster:
 * `kind delete cluster --name gpumedia`.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { writeState, mockGpu } from "../../workload/gpu-mock/state.ts";
import { mockLibrary } from "../../workload/gpu-mock/library.ts";
import { createKubectl } from "../cluster/kubectl.ts";
import { devicePlugin, devicePluginArchive } from "../cluster/real-node/device-plugin.ts";
import { nvmlFolders, nvmlState } from "../cluster/real-node/gpu-runtime.ts";
import { tools } from "../cluster/tools.ts";
import { chart, Helm } from "../specs/install/helm.ts";
import { archives, operatorRepository, processorImage } from "../specs/real/images.ts";
import { missingForKind, type Need } from "./needs.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const config = join(root, "kind-config.yaml");
const cluster = "gpumedia";
const folder = join(root, "dist/kind");
/** Its mount path in kind-config.yaml. */
const folderInNode = "/gpumedia";
const gpus = 4;

const missing = await missingForKind(async ([program, ...parameters]: Need["command"]) =>
  promisify(execFile)(program, parameters).then(
    () => true,
    () => false,
  ),
);
if (missing.length > 0) {
  process.stderr.write(`make kind needs:\n${missing.map((line) => `  ${line}\n`).join("")}`);
  process.exitCode = 1;
} else {
  await main();
}

async function main(): Promise<void> {
  const kubeconfig = join(folder, "kubeconfig");
  const plugin = join(folder, "device-plugin.tar");
  const paths = await tools(["kubectl", "helm", "nvidia-device-plugin"]);
  await mkdir(join(folder, nvmlFolders.state), { recursive: true });
  writeState(join(folder, nvmlFolders.state, nvmlState), {
    gpus: Array.from({ length: gpus }, (_, index) => mockGpu(index, {})),
  });
  const library = mockLibrary();
  if (library.kind === "no-compiler") throw new Error(library.message);
  await devicePluginArchive(plugin, paths["nvidia-device-plugin"], library.path);

  await run("kind", "create", "cluster", "--config", config, "--kubeconfig", kubeconfig, "--wait", "120s");
  for (const archive of [archives.operator, archives.processor, plugin]) {
    await run("kind", "load", "image-archive", archive, "--name", cluster);
  }
  const kubectl = createKubectl(paths.kubectl, kubeconfig);
  await kubectl(
    [devicePlugin(folderInNode, { nodeSelector: { "gpumedia.io/mock-gpus": "true" } })],
    "apply",
    "-f",
    "-",
  );
  await kubectl("", "rollout", "status", "-n", "kube-system", "daemonset/nvidia-device-plugin", "--timeout=120s");

  await using helm = await Helm.start("helm", kubeconfig);
  const values = await helm.values({
    image: { repository: operatorRepository },
    processorImage,
    processorImageCpu: processorImage,
  });
  const where = ["-n", "gpumedia-system", "--create-namespace", "--wait", "--timeout", "180s"];
  await helm.run("install", "gpumedia-operator", chart, ...where, ...values);
  await kubectl(await readFile(join(import.meta.dirname, "example.yaml"), "utf8"), "apply", "-f", "-");
  const ready = ["--for=condition=Ready", "gms/upscaler", "--timeout=300s"];
  await kubectl("", "wait", "-n", "media", ...ready);
  await kubectl("", "wait", "-n", "media", "--for=condition=Complete", "gmlt/pictures", "--timeout=300s");
  process.stdout.write(await kubectl("", "get", "gms,gmlt,pods", "-n", "media", "-o", "wide"));
  process.stdout.write(`export KUBECONFIG=${kubeconfig}\nkind delete cluster --name ${cluster}   # when done\n`);
}

/** Shows its output; fails if it fails. Paths in kind-config.yaml are relative to the root of the tree. */
async function run(program: string, ...parameters: readonly string[]): Promise<void> {
  const child = spawn(program, parameters, { cwd: root, stdio: "inherit" });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${program} ${parameters.join(" ")} exited with code ${String(code)}`);
}
