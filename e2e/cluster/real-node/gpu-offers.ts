/** What a real node offers: GPUs of NVIDIA's device plugin, whole or shared, and devices of the example DRA driver. */
import type { KubectlWithInput } from "../kubectl.ts";
import type { Rest } from "../rest.ts";
import { until, type See } from "../until.ts";
import { devicePlugin, sharingConfig } from "./device-plugin.ts";
import { draDriver, exampleClass } from "./dra-driver.ts";

export interface GpuOffersOptions {
  readonly node: string;
  readonly kubectl: KubectlWithInput;
  readonly rest: Rest;
  /** The cluster's directory. */
  readonly directory: string;
  /** The number of mock GPUs. */
  readonly gpus: number;
}

const patiently = { withinMs: 90_000 };

export class GpuOffers {
  readonly #of: GpuOffersOptions;

  constructor(options: GpuOffersOptions) {
    this.#of = options;
  }

  /** Starts the device plugin; resolves when all GPUs are allocatable. */
  async offer(): Promise<void> {
    const { kubectl, directory, gpus } = this.#of;
    await kubectl(devicePlugin(directory), "apply", "-f", "-");
    await this.#untilAllocatable("nvidia.com/gpu", gpus);
  }

  /** The plugin keeps a failed GPU unhealthy until it restarts; resolves when all GPUs are allocatable again. */
  async restartPlugin(): Promise<void> {
    const { name, namespace } = devicePlugin(this.#of.directory).metadata;
    await this.#of.kubectl("", "delete", "pods", "-n", namespace, "-l", `app=${name}`);
    await this.#untilAllocatable("nvidia.com/gpu", this.#of.gpus);
  }

  /** Until it is disposed, each GPU is offered as this many `nvidia.com/gpu.shared`. */
  async share(shares: number): Promise<AsyncDisposable> {
    const { kubectl, directory, gpus } = this.#of;
    const config = sharingConfig(shares);
    await kubectl([config, devicePlugin(directory, { shares: true })], "apply", "-f", "-");
    await this.#untilAllocatable("nvidia.com/gpu.shared", gpus * shares);
    await this.#untilAllocatable("nvidia.com/gpu", 0);
    const end = async (): Promise<void> => {
      await this.offer();
      await this.#untilAllocatable("nvidia.com/gpu.shared", 0);
      await kubectl(config, "delete", "-f", "-");
    };
    return { [Symbol.asyncDispose]: end };
  }

  /** Until it is disposed, the example DRA driver offers this many devices of `exampleClass`. */
  async claimable(devices: number): Promise<AsyncDisposable> {
    const { kubectl } = this.#of;
    const driver = draDriver(devices);
    await kubectl(driver, "apply", "-f", "-");
    await this.#untilClaimable(devices);
    const end = async (): Promise<void> => {
      await this.#untilReleased();
      await kubectl(driver, "delete", "-f", "-");
      // The kubelet deletes the slices 30 s after the driver has gone.
      await this.#untilClaimable(0);
    };
    return { [Symbol.asyncDispose]: end };
  }

  async allocatable(resource: string): Promise<number> {
    const { status } = (await this.#of.rest.get(`/api/v1/nodes/${this.#of.node}`)) as Node;
    return Number(status.allocatable[resource] ?? 0);
  }

  async #untilAllocatable(resource: string, expected: number): Promise<void> {
    const read = async (see: See): Promise<boolean> => see(await this.allocatable(resource)) === expected;
    await until(`${expected} allocatable ${resource}`, read, patiently);
  }

  /** The kubelet ends no pod whose devices their driver does not release. */
  async #untilReleased(): Promise<void> {
    await until(
      `no claim to have a device of ${exampleClass}`,
      async (see) => {
        const { items } = (await this.#of.rest.get("/apis/resource.k8s.io/v1/resourceclaims")) as Claims;
        const results = items.flatMap(({ status }) => status?.allocation?.devices?.results ?? []);
        return see(results.filter(({ driver }) => driver === exampleClass)).length === 0;
      },
      patiently,
    );
  }

  async #untilClaimable(expected: number): Promise<void> {
    const read = async (see: See): Promise<boolean> => {
      const { items } = (await this.#of.rest.get("/apis/resource.k8s.io/v1/resourceslices")) as Slices;
      const own = items.filter(({ spec }) => spec.driver === exampleClass);
      return see(own.flatMap(({ spec }) => spec.devices ?? []).length) === expected;
    };
    await until(`${expected} devices of ${exampleClass}`, read, patiently);
  }
}

interface Node {
  readonly status: { readonly allocatable: Readonly<Record<string, string>> };
}

interface Slices {
  readonly items: readonly { readonly spec: { readonly driver: string; readonly devices?: readonly object[] } }[];
}

interface Claims {
  readonly items: readonly {
    readonly status?: {
      readonly allocation?: { readonly devices?: { readonly results?: readonly { readonly driver: string }[] } };
    };
  }[];
}
