/**
 * Loaded into a processor before its program: while the file of the URL CUT_REPORTS is there, whoever asks for its utilization is cut
 * off. All else is answered, as when a firewall or a bug of the report alone is in the way.
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
