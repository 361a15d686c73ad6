/**
 * Gives memory back at once. The garbage collector hardly sees the bytes outside its heap: 25 kB a request made it
 * collect everything three times a second, a fifth of all CPU time at 1000 requests/s.
 */

/** `bytes` is empty afterwards. Does nothing to a view of a part: others may look at the rest. */
export function discard(bytes: Uint8Array<ArrayBuffer>): void {
  if (spansItsBuffer(bytes)) bytes.buffer.transfer(0);
}

/** Whether the bytes can be handed over without taking something else along. */
export function spansItsBuffer(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
}
