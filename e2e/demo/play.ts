/** What the demo shows: the whole loop where pods can run; otherwise a service, its status and its children. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import type { ClusterReport } from "../cluster/interactive.ts";
import { createKubectl, type KubectlWithInput } from "../cluster/kubectl.ts";
import { photograph, sendPicture, sizeOf } from "../cluster/process-node/client.ts";
import { agentOf } from "../cluster/process-node/private-network.ts";
import { until } from "../cluster/until.ts";
import { openSystemCodecs } from "@gpumedia/processor/src/live/system-codecs.ts";
import { followReplicas, followTest, followUntilReady } from "./follow.ts";
import type { Steps } from "./steps.ts";
import { ownerTree, type OwnedObject } from "./tree.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const service = { namespace: "media", name: "upscaler" };
const { namespace, name } = service;

/** For a cluster that keeps running: the API server proxies to Services. */
export const sendOneMore = `To send it a picture:

  kubectl proxy &
  curl --data-binary @workload/testdata/flower.jpg -H 'content-type: image/jpeg' -o doubled.jpg \\
    http://localhost:8001/api/v1/namespaces/${namespace}/services/${name}:80/proxy/v1/process
`;

/** A browser outside the cluster does not reach its network. */
export const sendCamera = `To send your camera as live video, without a cluster, and see it processed at http://localhost:8079:

  GPUMEDIA_ENVIRONMENT=development GPUMEDIA_LIVE_ENABLED=true GPUMEDIA_LISTEN_PORT=8079 npx gpumedia-processor
`;

export class Play {
  readonly #steps: Steps;
  readonly #directory: string;
  readonly #kubectl: KubectlWithInput;

  constructor({ bin, kubeconfig, directory }: ClusterReport, steps: Steps) {
    this.#steps = steps;
    this.#directory = directory;
    this.#kubectl = createKubectl(join(bin, "kubectl"), kubeconfig);
  }

  /** Load, a second pod, no load, one pod. */
  async loop(): Promise<void> {
    const { step, detail } = this.#steps;
    const kubectl = this.#kubectl;
    await this.#showFile("e2e/demo/upscaler.yaml");
    const whyNoLive = whyNoLiveVideo();
    if (whyNoLive !== undefined) this.#steps.text(`Live video is left out: ${whyNoLive}\n`);
    await this.#apply("e2e/demo/upscaler.yaml", whyNoLive === undefined ? (text) => text : withoutLive);
    await step("Sending a picture through the Service", () => this.#sendPicture());
    await this.#show("get", "gms", "-n", namespace);
    await this.#showFile("e2e/demo/load.yaml");
    await step("Putting load on its GPU until the autoscaler adds a pod", async () => {
      await kubectl("", "apply", "-n", namespace, "-f", join(root, "e2e/demo/load.yaml"));
      await followReplicas(kubectl, service, 2, detail);
    });
    this.#steps.text("\nThe service shows the mean of the last minute, the autoscaler that of the last 15 s:");
    await this.#show("get", "gms", "-n", namespace);
    await this.#show("get", "hpa", "-n", namespace);
    await this.#show("describe", "gms", name, "-n", namespace);
    await this.#showTree();

    await step("Removing the load until the autoscaler removes the pod", async () => {
      await kubectl("", "delete", "gmlt", "load", "-n", namespace);
      await followReplicas(kubectl, service, 1, detail);
    });
    await this.#show("get", "gms", "-n", namespace);
    // Not the autoscaler's own: client-go drops an object's events after 25 (tools/record/events_cache.go), such as those about
    // metrics of pods that start.
    const scaled = ["--field-selector=reason=ScalingReplicaSet", "-o", "custom-columns=DEPLOYMENT:.message"];
    await this.#show("get", "events", "-n", namespace, ...scaled);
    if (whyNoLive === undefined) await this.#showLive();
    this.#steps.text("");
  }

  async #showLive(): Promise<void> {
    const { step, detail, text } = this.#steps;
    text("");
    await this.#showFile("e2e/demo/live.yaml");
    await step("Sending live video through the model and back", async () => {
      await this.#kubectl("", "apply", "-n", namespace, "-f", join(root, "e2e/demo/live.yaml"));
      await followTest(this.#kubectl, { namespace, name: "live" }, detail);
    });
    await this.#show("get", "gmlt", "-n", namespace);
  }

  /** A service, its status and its children. */
  async children(): Promise<void> {
    await this.#apply("examples/minimal.yaml");
    await this.#show("get", "gms", "-n", namespace);
    await this.#show("describe", "gms", name, "-n", namespace);
    await this.#showTree();
  }

  /** For the diagnosis of a failure. */
  async describeAll(): Promise<string> {
    return this.#kubectl("", "describe", "gms,hpa,gmlt,jobs,pods", "-n", namespace);
  }

  async #apply(file: string, edit = (text: string) => text): Promise<void> {
    const { step, detail } = this.#steps;
    await step(`Applying ${file} in namespace ${namespace}`, async () => {
      await this.#kubectl("", "create", "namespace", namespace);
      const text = edit(await readFile(join(root, file), "utf8"));
      await this.#kubectl(text, "apply", "-n", namespace, "-f", "-");
    });
    await step(`Waiting for ${name} to be Ready`, () => followUntilReady(this.#kubectl, service, detail));
  }

  async #sendPicture(): Promise<void> {
    const get = ["get", "service", name, "-n", namespace, "-o", "jsonpath={.spec.clusterIP}"];
    const address = `http://${await this.#kubectl("", ...get)}`;
    const agent = agentOf(this.#directory);
    try {
      // The Service reaches a pod a moment after the pod is ready.
      const { status, type, body } = await until(`a response of ${address}`, (see) =>
        sendPicture(address, agent).catch((error: unknown) => void see(String(error))),
      );
      const sizes = [photograph, body].map((picture) => sizeOf(picture).join("x"));
      this.#steps.detail(`POST ${address}/v1/process: ${status} ${type}, ${sizes.join(" scaled to ")}`);
    } finally {
      await agent.destroy();
    }
  }

  async #showFile(file: string): Promise<void> {
    this.#steps.command(`cat ${file}`, await readFile(join(root, file), "utf8"));
    this.#steps.text("");
  }

  async #show(...parameters: readonly string[]): Promise<void> {
    this.#steps.command(`kubectl ${parameters.join(" ")}`, await this.#kubectl("", ...parameters));
  }

  async #showTree(): Promise<void> {
    const listable = await this.#kubectl("", "api-resources", "--namespaced", "--verbs=list,get", "-o", "name");
    const resources = listable
      .split("\n")
      // Metrics are not objects, and some of their APIs answer only requests with a name.
      .filter((resource) => resource !== "" && !resource.startsWith("events") && !resource.includes("metrics.k8s.io"));
    const list = await this.#kubectl("", "get", resources.join(","), "-n", namespace, "-o", "json");
    const { items } = JSON.parse(list) as { items: readonly OwnedObject[] };
    const owner = items.find(({ kind, metadata }) => kind === "GpuMediaService" && metadata.name === name);
    const lines = owner === undefined ? [] : ownerTree(owner, items);
    this.#steps.text(`\nIts children, by owner references:\n\n${lines.join("\n")}\n`);
  }
}

/** One line; undefined: it can be shown. */
function whyNoLiveVideo(): string | undefined {
  try {
    openSystemCodecs();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function withoutLive(text: string): string {
  const { spec, ...rest } = parse(text) as { readonly spec: Readonly<Record<string, unknown>> };
  const { live: _, ...others } = spec;
  return stringify({ ...rest, spec: others });
}
