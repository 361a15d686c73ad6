/** Lets the process exit while one of its threads is in a native call that does not return. */

export class ExitPastHungCall {
  #listener: ((status: number) => void) | undefined;

  /**
   * From now on the process exits by `_exit(2)`, after all other exit listeners. Node would wait for its threads first: a pod
   * whose GPU or model hangs would run until the kubelet kills it, with exit status 137 instead of 0.
   */
  async arm(): Promise<void> {
    if (this.#listener !== undefined) return;
    let end: ((status: number) => void) | undefined;
    this.#listener = (status) => end?.(status);
    process.on("exit", this.#listener);
    // Only now: most processes never need koffi in their main thread.
    const { default: koffi } = await import("koffi");
    end = koffi.load(null).func("_exit", "void", ["int"]);
  }

  disarm(): void {
    if (this.#listener === undefined) return;
    process.off("exit", this.#listener);
    this.#listener = undefined;
  }
}
