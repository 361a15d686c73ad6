/** A client of a service whose pods run: sends one picture or many. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { request, WebSocket, type Agent, type WebSocketInit } from "undici";

/** A photograph of 640x427. */
export const photograph: Uint8Array = readFileSync(new URL("../../../workload/testdata/flower.jpg", import.meta.url));

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array;
}

/** `address` is `http://` and the address of a Service or pod. */
export async function sendPicture(address: string, agent: Agent, body: Uint8Array = photograph): Promise<Answer> {
  const headers = { "content-type": "image/jpeg" };
  const answer = await request(`${address}/v1/process`, { method: "POST", dispatcher: agent, headers, body });
  return { status: answer.statusCode, type: String(answer.headers["content-type"]), body: await answer.body.bytes() };
}

/** Keeps `clients` requests in flight; returns how to stop them, which the end of an `await using` does, too. */
export function keepBusy(address: string, agent: Agent, clients: number): (() => Promise<void>) & AsyncDisposable {
  const stopping = new AbortController();
  const client = async (): Promise<void> => {
    // A full queue answers 503, as it should under too much load.
    while (!stopping.signal.aborted) {
      // Without the pause, requests that fail at once would keep the event loop from everything else.
      await sendPicture(address, agent).catch(() => setTimeout(10));
    }
  };
  const running = Array.from({ length: clients }, client);
  const end = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(running);
  };
  return Object.assign(end, { [Symbol.asyncDispose]: end });
}

/** Sends one picture over a stream; returns the answer. `address` is that of `/v1/stream`. */
export async function streamPicture(address: string, options: WebSocketInit = {}): Promise<Uint8Array> {
  const socket = new WebSocket(address, options);
  socket.binaryType = "arraybuffer";
  // An event target's error rejects no promise of `once`.
  const failed = once(socket, "close").then(([{ code }]) => {
    throw new Error(`${address} was closed with code ${code}`);
  });
  failed.catch(() => undefined);
  try {
    await Promise.race([once(socket, "open"), failed]);
    socket.send(photograph);
    const [{ data }] = (await Promise.race([once(socket, "message"), failed])) as [{ readonly data: unknown }];
    if (typeof data === "string") throw new Error(`the stream answers ${data}`);
    return new Uint8Array(data as ArrayBuffer);
  } finally {
    socket.close();
  }
}

/** Width and height of a JPEG, from its frame header. */
export function sizeOf(jpeg: Uint8Array): readonly [width: number, height: number] {
  const bytes = Buffer.from(jpeg);
  let at = 2;
  while (![0xc0, 0xc1, 0xc2].includes(bytes.readUInt8(at + 1))) at += 2 + bytes.readUInt16BE(at + 2);
  return [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)];
}
