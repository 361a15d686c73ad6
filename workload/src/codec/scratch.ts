/** Memory that is used again: a fresh 4 MB buffer per picture costs more page faults than the copy that it saves. */

export class Scratch {
  #bytes: Buffer<ArrayBuffer> = Buffer.alloc(0);

  /** `size` bytes with what was left in them, valid until the next call. */
  take(size: number): Buffer<ArrayBuffer> {
    if (this.#bytes.byteLength < size) this.#bytes = Buffer.allocUnsafeSlow(size);
    return this.#bytes.subarray(0, size);
  }

  release(): void {
    this.#bytes = Buffer.alloc(0);
  }
}
