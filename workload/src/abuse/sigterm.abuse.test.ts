/** SIGTERM under load, as the kubelet sends it: every accepted request is answered, and the exit status is 0. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { UtilizationReport } from "@gpumedia/api";
import { Agent, request } from "undici";
import { WebSocket } from "ws";
import { smallPicture } from "./pictures.ts";
import { type ProcessorProcess, processorProcess } from "./processor-process.ts";

const photograph = readFileSync(new URL("../../testdata/flower.jpg", import.meta.url));

async function underWay({ url }: ProcessorProcess): Promise<number> {
  const { body } = await request(`${url}/utilization`);
  const { requests } = (await body.json()) as UtilizationReport;
  return requests.active + requests.queued;
}

/** Waits for a condition; mocha's timeout is the bound. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("SIGTERM", () => {
  it("lets all that was accepted be answered, then exits with 0", async () => {
    await using processor = await processorProcess({ GPUMEDIA_QUEUE_MAX_WAIT: "60s" });
    const answers = Array.from({ length: 24 }, async () => {
      const { statusCode, body } = await request(`${processor.url}/v1/process`, {
        method: "POST",
        body: photograph,
        headers: { "content-type": "image/jpeg" },
        dispatcher: new Agent({ connections: 1 }),
      });
      return { statusCode, bytes: (await body.arrayBuffer()).byteLength > 10_000 };
    });
    while ((await underWay(processor)) < 20);
    processor.child.kill("SIGTERM");
    const expected = { statusCode: 200, bytes: true };
    assert.deepEqual(
      await Promise.all(answers),
      answers.map(() => expected),
    );
    assert.deepEqual(await processor.ended, { code: 0, signal: null });
  });

  it("loses no request while clients go on until they see that it is not ready", async () => {
    await using processor = await processorProcess({ GPUMEDIA_DRAIN_DELAY: "1s", GPUMEDIA_QUEUE_MAX_WAIT: "60s" });
    const picture = await smallPicture("jpeg");
    const notReady = new AbortController();
    let answered = 0;
    const statuses = new Set<number>();
    const client = async (): Promise<void> => {
      // A connection for each request, as from clients that know nothing of each other.
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
    // Plays the endpoint controller: clients come until the pod is seen not to be ready.
    await until(() => answered >= 50);
    processor.child.kill("SIGTERM");
    while (!notReady.signal.aborted) {
      const { statusCode, body } = await request(`${processor.url}/readyz`);
      await body.dump();
      if (statusCode !== 200) notReady.abort();
    }
    await Promise.all(clients);
    assert.deepEqual([...statuses], [200]);
    assert.deepEqual(await processor.ended, { code: 0, signal: null });
  });

  it("tells sessions to reconnect and exits with 0", async () => {
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
    assert.deepEqual(await processor.ended, { code: 0, signal: null });
  });
});
