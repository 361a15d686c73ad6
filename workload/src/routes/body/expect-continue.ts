/**
 * `Expect: 100-continue` (RFC 9110, section 10.1.1): a client that sends it, as curl does for large bodies, waits before the body.
 * Node would answer 100 at once, and the client would send a body that is refused by its head.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";

const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Leaves it to the route whether the body is wanted. */
export function deferContinue(server: Server): void {
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response);
    server.emit("request", request, response);
  });
}

/** Answers 100, if the client waits for it. */
export function sendContinue(request: IncomingMessage): void {
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}

/** Whether the client still waits for 100 before it sends the body that it announced. */
export function awaitsContinue(request: IncomingMessage): boolean {
  return waiting.has(request);
}
