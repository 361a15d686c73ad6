/** Every way into the processor obeys the same limits, before any work is done. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import sharp from "sharp";
import { WebSocket } from "ws";
import { realProcessor, type RealProcessor } from "./testing/real-processor.ts";

const detail =
  /10100 pixels, limit 10000 pixels: send less, or raise limits\.pixels \(GpuMediaService: processing\.limits\.pixels\)$/;

async function refusal(response: Response): Promise<readonly [status: number, detail: string]> {
  const { detail: problem, error } = (await response.json()) as { detail?: string; error?: string };
  return [response.status, problem ?? error ?? ""];
}

describe("the limits of requests", () => {
  let processor: RealProcessor;
  let picture: Buffer;
  const host = createServer((_request, response) => response.end(picture));
  before(async () => {
    picture = await sharp({ create: { width: 101, height: 100, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    await once(host.listen(0, "127.0.0.1"), "listening");
    const { port } = host.address() as AddressInfo;
    const upstream = { allowedHosts: [`127.0.0.1:${port}`], allowedNetworks: ["127.0.0.0/8"] };
    processor = await realProcessor({ limits: { pixels: 10_000, bodyBytes: 100_000 }, upstream });
  });
  after(async () => {
    await processor[Symbol.asyncDispose]();
    host.close();
  });

  const ways: { readonly [name: string]: () => Promise<readonly [status: number, detail: string]> } = {
    "an upload": async () =>
      refusal(await fetch(`${processor.url}/v1/process`, { method: "POST", body: new Uint8Array(picture) })),
    "a picture by URL": async () => {
      const { port } = host.address() as AddressInfo;
      return refusal(await fetch(`${processor.url}/v1/process?url=http://127.0.0.1:${port}/`));
    },
    "a frame of a stream": async () => {
      const socket = new WebSocket(`${processor.url.replace("http", "ws")}/v1/stream`);
      await once(socket, "open");
      socket.send(picture);
      const [message] = (await once(socket, "message")) as [Buffer];
      socket.close();
      const { status, detail: problem } = JSON.parse(message.toString()) as { status: number; detail: string };
      return [status, problem];
    },
    "a tensor": async () => {
      const shape = [1, 100, 101, 3];
      const json = JSON.stringify({
        inputs: [{ name: "image", datatype: "UINT8", shape, parameters: { binary_data_size: 30_300 } }],
      });
      return refusal(
        await fetch(`${processor.url}/v2/models/anime4k-2x/infer`, {
          method: "POST",
          headers: { "inference-header-content-length": String(json.length) },
          body: new Uint8Array(Buffer.concat([Buffer.from(json), Buffer.alloc(30_300)])),
        }),
      );
    },
  };
  for (const [name, send] of Object.entries(ways)) {
    it(`reject ${name} of too many pixels with 413, and name the field`, async () => {
      const [status, problem] = await send();
      assert.equal(status, 413, problem);
      assert.match(problem, detail);
    });
  }
});
