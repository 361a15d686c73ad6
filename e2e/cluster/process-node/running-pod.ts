/** A pod on this node, from its admission to its removal. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { compileCache } from "../compile-cache.ts";
import type { Rest } from "../rest.ts";
import { Container, type ContainerState } from "./container.ts";
import { environmentOf, expanded, type Environment } from "./environment.ts";
import { gpuResource, type Gpus, type PodGpus } from "./gpus.ts";
import { commandOf, type Resolved } from "./images.ts";
import { localPath, type Mounts } from "./paths.ts";
import { unsupported, type ContainerSpec, type Pod } from "./pod-spec.ts";
import type { RunningContainer } from "./resource-metrics.ts";
import type { ContainerView, PodView } from "./status.ts";
import { Volumes } from "./volumes.ts";

type Program = Exclude<Resolved, { readonly reason: string }>;

/** What the node provides to its pods. */
export interface Host {
  readonly rest: Rest;
  readonly gpus: Gpus;
  readonly directory: string;
  readonly address: string;
  readonly backOffMs: number;
  readonly programs: Readonly<Record<string, readonly [string, ...string[]]>>;
  /** Returns an unused pod address. */
  readonly nextPodIP: () => string;
}

const temporaryDirectory = "tmp";
const defaultMessagePath = "/dev/termination-log";

export class RunningPod {
  pod: Pod;
  readonly #host: Host;
  readonly #directory: string;
  readonly #volumes: Volumes;
  readonly #startTime = `${new Date().toISOString().slice(0, 19)}Z`;
  readonly #podIP: string;
  #gpus: PodGpus | undefined;
  #refused: PodView["refused"];
  #containers: readonly Container[] = [];
  /** Why no container has been started yet. */
  #waiting: { readonly reason: string; readonly message?: string } = { reason: "ContainerCreating" };
  #ending = false;

  constructor(pod: Pod, host: Host) {
    this.pod = pod;
    this.#host = host;
    this.#directory = join(host.directory, pod.metadata.uid);
    this.#volumes = new Volumes(host.rest, pod, join(this.#directory, "volumes"));
    this.#podIP = host.nextPodIP();
  }

  /** Rejects the pod, with the device plugin's message, if too few GPUs are free. */
  async #admit(): Promise<void> {
    await mkdir(join(this.#directory, temporaryDirectory), { recursive: true });
    const requested = this.pod.spec.containers.map(({ resources }) => Number(resources?.limits?.[gpuResource] ?? 0));
    const count = requested.reduce((sum, gpus) => sum + gpus, 0);
    this.#gpus = this.#host.gpus.allocate(count, this.#directory);
    if (this.#gpus !== undefined) return;
    const message = `Allocate failed due to requested number of devices unavailable for ${gpuResource}, requested: ${count}`;
    this.#refused = { reason: "UnexpectedAdmissionError", message };
  }

  /** One reconcile: starts what can be started, and updates changed ConfigMaps. */
  async sync(): Promise<void> {
    if (this.#refused !== undefined || this.#ending) return;
    if (this.#gpus === undefined) await this.#admit();
    const problem = unsupported(this.pod) ?? (await this.#volumes.update());
    if (this.#containers.length > 0 || this.#gpus === undefined) return;
    if (problem !== undefined) {
      this.#waiting = { reason: "CreateContainerConfigError", message: problem };
      return;
    }
    this.#startContainers(this.#gpus);
  }

  #startContainers(gpus: PodGpus): void {
    const resolved = this.pod.spec.containers.map((spec) => ({ spec, ...commandOf(spec, this.#host.programs) }));
    const containers: Container[] = [];
    for (const container of resolved) {
      if ("reason" in container) {
        this.#waiting = container;
        return;
      }
      containers.push(this.#container(container.spec, container, gpus));
    }
    this.#containers = containers;
    for (const container of containers) container.start();
  }

  #container(spec: ContainerSpec, { program, parameters }: Program, gpus: PodGpus): Container {
    const messageFile = join(this.#directory, `${spec.name}.termination-log`);
    const mounts: Mounts = new Map([
      ...(spec.volumeMounts ?? []).map(({ name, mountPath }) => [mountPath, this.#volumes.pathOf(name)] as const),
      [spec.terminationMessagePath ?? defaultMessagePath, messageFile],
    ]);
    const declared = environmentOf(spec.env ?? [], this.pod, this.#podIP);
    const local = (word: string): string => localPath(expanded(word, declared), mounts);
    return new Container({
      spec,
      podIP: this.#podIP,
      command: [...program, ...parameters.map(local)],
      environment: {
        ...this.#defaultEnvironment(mounts, messageFile),
        ...gpus.environment,
        ...Object.fromEntries(Object.entries(declared).map(([name, value]) => [name, localPath(value, mounts)])),
      },
      directory: this.#directory,
      logFile: join(this.#directory, `${spec.name}.log`),
      messageFile,
      restartPolicy: this.pod.spec.restartPolicy,
      graceSeconds: this.#graceSeconds,
      backOffMs: this.#host.backOffMs,
    });
  }

  /** The last two stand in for the container's own file system and network, the cache for the bundle in an image. */
  #defaultEnvironment(mounts: Mounts, messageFile: string): Environment {
    return {
      NODE_COMPILE_CACHE: compileCache,
      PATH: process.env.PATH ?? "",
      HOME: this.#directory,
      HOSTNAME: this.pod.metadata.name,
      TMPDIR: mounts.get("/tmp") ?? join(this.#directory, temporaryDirectory),
      GPUMEDIA_TERMINATION_LOG: messageFile,
      GPUMEDIA_LISTEN_HOST: this.#podIP,
      GPUMEDIA_LIVE_UDP_HOST: this.#podIP,
    };
  }

  get #graceSeconds(): number {
    return this.pod.spec.terminationGracePeriodSeconds ?? 30;
  }

  /** Where its processor reports its utilization; undefined without a GPU, or if it is not ready. */
  get load(): { readonly url: string; readonly gpus: PodGpus } | undefined {
    const [container] = this.#containers;
    const port = container?.plan.spec.ports?.[0]?.containerPort;
    if (this.#gpus === undefined || this.#gpus.count === 0 || port === undefined || !container?.ready) return undefined;
    return { url: `http://${this.#podIP}:${port}/utilization`, gpus: this.#gpus };
  }

  get runningContainers(): readonly RunningContainer[] {
    const { namespace, name: pod } = this.pod.metadata;
    return this.#containers.flatMap(({ process, plan }) => {
      return process === undefined ? [] : [{ namespace, pod, container: plan.spec.name, ...process }];
    });
  }

  get ending(): boolean {
    return this.#ending;
  }

  /** Stops the containers gracefully; resolves when none runs. 0 s: at once, also during a graceful stop. */
  async end(graceSeconds: number): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#containers.map((container) => container.end(graceSeconds)));
  }

  /** Releases its GPUs and files; only after `end`. */
  async remove(): Promise<void> {
    this.#gpus?.release();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Releases the GPUs of a pod that is over, although the object still exists. */
  get view(): PodView {
    const containers = this.pod.spec.containers.map((spec, index) => this.#viewOf(spec, this.#containers[index]));
    const over =
      containers.every(({ state }) => "terminated" in state) &&
      this.#containers.every((container) => container.isOver) &&
      this.#containers.length > 0;
    if (over) this.#gpus?.release();
    return {
      hostIP: this.#host.address,
      podIP: this.#containers.length > 0 ? this.#podIP : undefined,
      startTime: this.#startTime,
      containers,
      over,
      ...(this.#refused === undefined ? {} : { refused: this.#refused }),
    };
  }

  #viewOf({ name, image, resources }: ContainerSpec, container: Container | undefined): ContainerView {
    const { reason, message } = this.#waiting;
    const waiting: ContainerState = { waiting: { reason, ...(message === undefined ? {} : { message }) } };
    const none = { state: waiting, lastState: undefined, restartCount: 0, ready: false, started: false };
    const { state, lastState, restartCount, ready, started } = container ?? none;
    return { name, image, state, lastState, restartCount, ready, started, resources };
  }
}
