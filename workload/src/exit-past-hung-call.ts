/** Lets the process exit although one of its threads is inside a native call that does not return. */

export class ExitPastHungCall {
  #listener: ((status: number) => void) | undefined;

  /**
   * From now on the process ends by `_exit(2)`, after all other exit listeners. Node would wait for its threads first:
   * a pod whose GPU or model hangs would stay until the kubelet kills it, and its exit status would say 137 instead of 0.
   */
  async arm(): Promise<void> {
    if (this.#listener !== undefined) return;
    let end: ((status: number) => void) | undefined;
    this.#listener = (status) => end?.(status);
    process.on("exit", this.#listener);
    // Only now: a process without this trouble need not load koffi into its main thread.
    const { default: koffi } = await import("koffi");
    end = koffi.load(null).func("_exit", "void", ["int"]);
  }

  disarm(): void {
    if (this.#listener === undefined) return;
    process.off("exit", this.#listener);
    this.#listener = undefined;
  }
}
