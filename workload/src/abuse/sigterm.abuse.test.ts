/** SIGTERM under load, as the kubelet sends it: every accepted request gets a response, and the exit status is 0. */
import assert from "node:assert/strict";
import type { UtilizationReport } from "@gpumedia/api";
import { Agent, request } from "undici";
import { WebSocket } from "ws";
import { photograph } from "../testing/photographs.ts";
import { smallPicture } from "./pictures.ts";
import { type ProcessorProcess, processorProcess } from "./processor-process.ts";

/** How many requests have arrived, the ones that a fast machine has answered already included. */
async function arrived({ url }: ProcessorProcess): Promise<number> {
  const { body } = await request(`${url}/utilization`);
  const { requests } = (await body.json()) as UtilizationReport;
  return requests.active + requests.queued + requests.accepted;
}

/** Waits for a condition, at most until mocha's timeout. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("SIGTERM", () => {
  it("finishes all accepted requests, then exits with status 0", async () => {
    await using processor = await processorProcess();
    const answers = Array.from({ length: 24 }, async () => {
      const { statusCode, body } = await request(`${processor.url}/v1/process`, {
        method: "POST",
        body: photograph("flower"),
        headers: { "content-type": "image/jpeg" },
        dispatcher: new Agent({ connections: 1 }),
      });
      return { statusCode, bytes: (await body.arrayBuffer()).byteLength > 10_000 };
    });
    while ((await arrived(processor)) < 20);
    processor.child.kill("SIGTERM");
    const expected = { statusCode: 200, bytes: true };
    assert.deepEqual(
      await Promise.all(answers),
      answers.map(() => expected),
    );
    assert.deepEqual(await processor.exited, { code: 0, signal: null });
  });

  it("fails no request while clients continue until they observe that it is not ready", async () => {
    // The delay must be longer than a client on a busy machine takes from its last look at the abort to the connection.
    await using processor = await processorProcess({ GPUMEDIA_DRAIN_DELAY: "5s" });
    const picture = await smallPicture("jpeg");
    const notReady = new AbortController();
    let answered = 0;
    const statuses = new Set<number>();
    const client = async (): Promise<void> => {
      // A connection per request, as from independent clients.
      while (!notReady.signal.aborted) {
        const dispatcher = new Agent({ connections: 1 });
        const { statusCode, body } = await request(`${processor.url}/v1/process`, {
          method: "POST",
          body: picture,
          headers: { "content-type": "image/jpeg" },
          dispatcher,
        });
        await body.dump();
        await dispatcher.close();
        statuses.add(statusCode);
        answered++;
      }
    };
    const clients = Array.from({ length: 16 }, client);
    // Acts as the endpoint controller: clients send requests until the pod is not ready.
    await until(() => answered >= 50);
    processor.child.kill("SIGTERM");
    while (!notReady.signal.aborted) {
      const { statusCode, body } = await request(`${processor.url}/readyz`);
      await body.dump();
      if (statusCode !== 200) notReady.abort();
    }
    await Promise.all(clients);
    assert.deepEqual([...statuses], [200]);
    assert.deepEqual(await processor.exited, { code: 0, signal: null });
  });

  it("closes sessions with 1012, so that they reconnect, and exits with status 0", async () => {
    await using processor = await processorProcess({ GPUMEDIA_DRAIN_TIMEOUT: "2s" });
    const picture = await smallPicture("jpeg");
    const socket = new WebSocket(`ws://127.0.0.1:${processor.port}/v1/stream`);
    const closed = new Promise<number>((resolve) => void socket.on("close", resolve));
    let pictures = 0;
    socket.on("message", (_data, isBinary) => {
      if (isBinary) pictures++;
    });
    const sending = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send(picture), 10);
    await until(() => pictures >= 3);
    processor.child.kill("SIGTERM");
    assert.equal(await closed, 1012);
    clearInterval(sending);
    assert.deepEqual(await processor.exited, { code: 0, signal: null });
  });
});
