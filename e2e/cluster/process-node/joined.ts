import type { Socket } from "node:net";

/** Passes on what either side sends, its end too; what breaks one side breaks the other. */
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

/** A reset, where the socket can send one: that of a file can't, and is closed. */
function broken(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
