/** What is shown: the whole loop where pods can run, and otherwise what an operator makes of a service. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ClusterReport } from "../cluster/interactive.ts";
import { createKubectl, type KubectlWithInput } from "../cluster/kubectl.ts";
import { photograph, sendPicture, sizeOf } from "../cluster/process-node/client.ts";
import { agentOf } from "../cluster/process-node/private-network.ts";
import { until } from "../cluster/until.ts";
import { followReplicas, followUntilReady } from "./follow.ts";
import type { Steps } from "./steps.ts";
import { ownerTree, type OwnedObject } from "./tree.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const service = { namespace: "media", name: "upscaler" };
const { namespace, name } = service;

/** How to send one more, while the cluster is up: the API server leads to Services. */
export const sendOneMore = `Send it a picture:

  kubectl proxy &
  curl --data-binary @workload/testdata/flower.jpg -H 'content-type: image/jpeg' -o doubled.jpg \\
    http://localhost:8001/api/v1/namespaces/${namespace}/services/${name}:80/proxy/v1/process
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

  /** Load, more pods, no load, fewer. */
  async loop(): Promise<void> {
    const { step, detail } = this.#steps;
    const kubectl = this.#kubectl;
    await this.#showFile("e2e/demo/upscaler.yaml");
    await this.#apply("e2e/demo/upscaler.yaml");
    await step("it is sent a picture, as a client in the cluster would", () => this.#sendPicture());
    await this.#show("get", "gms", "-n", namespace);
    await this.#showFile("e2e/demo/load.yaml");
    await step("load makes its GPU busy, and the autoscaler acts on it", async () => {
      await kubectl("", "apply", "-n", namespace, "-f", join(root, "e2e/demo/load.yaml"));
      await followReplicas(kubectl, service, 2, detail);
    });
    // The one shows means of the last minute, the other what it acts on.
    await this.#show("get", "gms", "-n", namespace);
    await this.#show("get", "hpa", "-n", namespace);
    await this.#show("describe", "gms", name, "-n", namespace);
    await this.#showTree();

    await step("the load is gone, and the second pod after it", async () => {
      await kubectl("", "delete", "gmlt", "load", "-n", namespace);
      await followReplicas(kubectl, service, 1, detail);
    });
    await this.#show("get", "gms", "-n", namespace);
    const rescaled = ["--field-selector=reason=SuccessfulRescale", "-o", "custom-columns=AUTOSCALER:.message"];
    await this.#show("get", "events", "-n", namespace, ...rescaled);
    this.#steps.text("");
  }

  /** A service, its status and its children. */
  async children(): Promise<void> {
    await this.#apply("examples/minimal.yaml");
    await this.#show("get", "gms", "-n", namespace);
    await this.#show("describe", "gms", name, "-n", namespace);
    await this.#showTree();
  }

  /** For who has to find out why it did not go on. */
  async whatIsThere(): Promise<string> {
    return this.#kubectl("", "describe", "gms,hpa,gmlt,jobs,pods", "-n", namespace);
  }

  async #apply(file: string): Promise<void> {
    const { step, detail } = this.#steps;
    await step(`${file} applied in namespace ${namespace}`, async () => {
      await this.#kubectl("", "create", "namespace", namespace);
      await this.#kubectl("", "apply", "-n", namespace, "-f", join(root, file));
    });
    await step(`${name} is Ready`, () => followUntilReady(this.#kubectl, service, detail));
  }

  async #sendPicture(): Promise<void> {
    const get = ["get", "service", name, "-n", namespace, "-o", "jsonpath={.spec.clusterIP}"];
    const address = `http://${await this.#kubectl("", ...get)}`;
    const agent = agentOf(this.#directory);
    try {
      // The way to a pod is there a moment after the pod is ready.
      const { status, type, body } = await until(`an answer of ${address}`, () =>
        sendPicture(address, agent).catch(() => undefined),
      );
      const sizes = [photograph, body].map((picture) => sizeOf(picture).join("x"));
      this.#steps.detail(`POST ${address}/v1/process: ${status} ${type}, ${sizes.join(" became ")}`);
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
      // Metrics are no objects, and one of all is answered only where it has a name.
      .filter((resource) => resource !== "" && !resource.startsWith("events") && !resource.includes("metrics.k8s.io"));
    const list = await this.#kubectl("", "get", resources.join(","), "-n", namespace, "-o", "json");
    const { items } = JSON.parse(list) as { items: readonly OwnedObject[] };
    const owner = items.find(({ kind, metadata }) => kind === "GpuMediaService" && metadata.name === name);
    const lines = owner === undefined ? [] : ownerTree(owner, items);
    this.#steps.text(`\nThe children, by owner references:\n\n${lines.join("\n")}\n`);
  }
}
