/**
 * Loaded into a processor before its program: while the file of the URL CUT_REPORTS exists, requests for its utilization are
 * cut off. Other requests are answered, as if only the report had a bug or were blocked by a firewall.
 */
import { existsSync } from "node:fs";
import { Server, type IncomingMessage } from "node:http";

const file = new URL(process.env["CUT_REPORTS"] ?? "file:///");
// oxlint-disable-next-line typescript/unbound-method -- called with the server below
const emit = Server.prototype.emit;

Server.prototype.emit = function (this: Server, event: string, ...values: unknown[]): boolean {
  if (event === "request") {
    const request = values[0] as IncomingMessage;
    if (request.url === "/utilization" && existsSync(file)) return request.socket.destroy() !== undefined;
  }
  return (emit as (...parameters: unknown[]) => boolean).call(this, event, ...values);
};
