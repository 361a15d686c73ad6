/**
 * A lock that the kernel releases when its holder exits, however it exits: an abstract Unix socket, which exists as long as a
 * process listens on it. A process that waits connects, and is notified by the end of the connection.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Runs `work` while no other process on this machine is within a lock of the same name. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const address = `\0gpumedia-${createHash("sha256").update(name).digest("hex")}`;
  const waiting = new Set<{ destroy: () => void }>();
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on("error", () => {}).on("close", () => waiting.delete(socket));
  });
  while (!(await listens(server, address))) await released(address);
  try {
    return await work();
  } finally {
    server.close();
    for (const socket of waiting) socket.destroy();
    await once(server, "close");
  }
}

async function listens(server: ReturnType<typeof createServer>, address: string): Promise<boolean> {
  try {
    server.listen(address);
    await once(server, "listening");
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
}

/** Resolves when the holder may have released the lock. */
async function released(address: string): Promise<void> {
  const socket = connect(address);
  const { promise, resolve } = Promise.withResolvers<void>();
  // If the holder exited before we connected, this is an error, and the wait is over too.
  socket.on("error", () => {}).on("close", () => resolve());
  socket.resume();
  await promise;
}
