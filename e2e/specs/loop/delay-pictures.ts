/**
 * Loaded into a processor before its program: delays each 15th picture by DELAY_PICTURES_MS, like a monitoring agent that
 * sometimes waits for a slow server. This suffices to raise the p95; to delay every picture would take minutes.
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
