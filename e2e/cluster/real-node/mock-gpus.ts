/** The mock GPUs of a real node: the driver's library for its containers, and the figures that it reports. */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { mockLibrary } from "../../../workload/gpu-mock/library.ts";
import { mockGpu, writeState, type Figures } from "../../../workload/gpu-mock/state.ts";
import type { ControlPlane } from "../control-plane.ts";
import { busyGpus } from "./gpu-load.ts";
import { nvmlFolders, nvmlLibrary, nvmlState } from "./gpu-runtime.ts";

/** By the GPUs' indices. */
export type GpuFigures = Readonly<Record<number, Figures>>;

const followEveryMs = 500;

export class MockGpus {
  readonly count: number;
  readonly #stateFile: string;
  #shown: GpuFigures = {};

  static async create(directory: string, count: number): Promise<MockGpus> {
    const library = mockLibrary();
    if (library.kind === "no-compiler") throw new Error(library.message);
    for (const folder of Object.values(nvmlFolders)) await mkdir(join(directory, folder));
    await copyFile(library.path, libraryOf(directory));
    const gpus = new MockGpus(directory, count);
    gpus.show({});
    return gpus;
  }

  private constructor(directory: string, count: number) {
    this.count = count;
    this.#stateFile = join(directory, nvmlFolders.state, nvmlState);
  }

  show(figures: GpuFigures): void {
    this.#shown = figures;
    this.#write({});
  }

  /** Follows the load until it is disposed. */
  followLoad({ network, rest }: ControlPlane): AsyncDisposable {
    const agent = network?.agent();
    if (agent === undefined) throw new Error("a cluster with a real node has a private network");
    const ending = new AbortController();
    const follow = async (): Promise<void> => {
      while (!ending.signal.aborted) {
        this.#write(await busyGpus(rest, agent));
        await pause(followEveryMs);
      }
    };
    const followed = follow();
    return {
      async [Symbol.asyncDispose]() {
        ending.abort();
        await followed;
        await agent.destroy();
      },
    };
  }

  #write(busy: GpuFigures): void {
    const gpus = Array.from({ length: this.count }, (_, index) => {
      return mockGpu(index, { ...busy[index], ...this.#shown[index] });
    });
    writeState(this.#stateFile, { gpus });
  }
}

export function libraryOf(directory: string): string {
  return join(directory, nvmlFolders.library, nvmlLibrary);
}
