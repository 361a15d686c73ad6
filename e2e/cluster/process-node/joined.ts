import type { Socket } from "node:net";

/** Forwards both directions, half-closes too; an error of one side breaks the other. */
export function joined(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.on("error", () => broken(to));
    from.on("close", () => to.destroySoon());
  }
}

/** Resets a TCP connection; a Unix socket can only be closed. */
function broken(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
