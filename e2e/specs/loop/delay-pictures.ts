/**
 * Loaded into a processor before its program: each picture waits DELAY_PICTURES_MS before it is looked at, as behind an agent that
 * somebody loads into every Node of a company, and that asks a slow server for each request.
 */
import { Server, type IncomingMessage } from "node:http";

const delayMs = Number(process.env["DELAY_PICTURES_MS"] ?? 0);
// oxlint-disable-next-line typescript/unbound-method -- called with the server below
const emit = Server.prototype.emit as (...parameters: unknown[]) => boolean;

Server.prototype.emit = function (this: Server, event: string, ...values: unknown[]): boolean {
  const pass = (): boolean => emit.call(this, event, ...values);
  if (event !== "request" || (values[0] as IncomingMessage).url !== "/v1/process") return pass();
  return setTimeout(pass, delayMs) !== undefined;
};
