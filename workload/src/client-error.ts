/** What the server answers when the bytes on a connection are not HTTP, or arrive too slowly. */
import type { Socket } from "node:net";
import { isAnswered } from "./routes/body/read-on.ts";

const statuses: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
};

/** Closing at once would reset the connection while the client still sends, and the answer would be lost (RFC 9112, section 9.6). */
const lingerMs = 5000;

const closing = new WeakSet<Socket>();

/** Answers with a status, and closes the connection, because nothing after it can be parsed. */
export function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  // What arrives after the answer is an error as well, and is discarded.
  if (closing.has(socket) && error.code !== "ECONNRESET") return;
  if (error.code === "ECONNRESET" || !socket.writable || isAnswered(socket)) {
    socket.destroy();
    return;
  }
  closing.add(socket);
  const status = statuses[error.code ?? ""] ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  const linger = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(linger));
}
