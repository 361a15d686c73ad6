/**
 * Memory of pictures and tensors: released at once, transferred between threads, reused. The garbage collector hardly
 * sees bytes outside its heap: 25 kB a request made it run a full collection three times a second, a fifth of all CPU
 * time at 1000 requests/s.
 */

/** Frees the memory; the view is empty afterwards. Does nothing to a view of a part: the rest may still be in use. */
export function discard({ buffer, byteLength }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0);
}

/** Whether the bytes can be transferred to another thread without anything else going with them. */
export function spansItsBuffer(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
}

/** Returns the bytes themselves if they can be transferred, or else a copy that can be. */
export function transferable(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return spansItsBuffer(bytes) ? bytes : new Uint8Array(bytes);
}

/** A buffer that is reused: a new 4 MB buffer per picture costs more page faults than the copy that it saves. */
export class Scratch {
  #bytes: Buffer<ArrayBuffer> = Buffer.alloc(0);

  /** Returns `size` bytes with arbitrary content, valid until the next call. */
  take(size: number): Buffer<ArrayBuffer> {
    if (this.#bytes.byteLength < size) this.#bytes = Buffer.allocUnsafeSlow(size);
    return this.#bytes.subarray(0, size);
  }

  /** Frees the memory at once: nothing may use it any more. */
  release(): void {
    discard(this.#bytes);
    this.#bytes = Buffer.alloc(0);
  }
}
