/**
 * Loaded into a processor before its program: each fifteenth picture waits DELAY_PICTURES_MS before it is looked at, as behind
 * an agent that a company loads into all its processes, and that now and then asks a slow server. The p95 of a hundred suffers,
 * and they do not take minutes.
 */
import { Server, type IncomingMessage } from "node:http";

const delayMs = Number(process.env["DELAY_PICTURES_MS"] ?? 0);
// oxlint-disable-next-line typescript/unbound-method -- called with the server below
const emit = Server.prototype.emit as (...parameters: unknown[]) => boolean;
let pictures = 0;

Server.prototype.emit = function (this: Server, event: string, ...values: unknown[]): boolean {
  const pass = (): boolean => emit.call(this, event, ...values);
  const isPicture = event === "request" && (values[0] as IncomingMessage).url === "/v1/process";
  return isPicture && ++pictures % 15 === 0 ? setTimeout(pass, delayMs) !== undefined : pass();
};
