/** Clients that measure: they send drawn frames, and match what comes back by its RTP timestamp. */
import { LiveClient, type LiveClientOptions } from "../../workload/src/live/testing/live-client.ts";
import type { Size } from "../../workload/src/core/picture.ts";
import type { VideoCodec } from "../../workload/src/live/codec.ts";

const paths = { sendonly: "whip/bench", recvonly: "whep/bench", sendrecv: "exchange" } as const;
const mostTries = 10;

export interface MeasuringClient {
  readonly client: LiveClient;
  /** From the drawing of a frame to its decoded result, in ms, in order; for a viewer the times of its frames. */
  readonly latencies: number[];
}

export interface ClientOptions {
  readonly base: string;
  readonly codec: VideoCodec;
  readonly direction: LiveClientOptions["direction"];
  readonly size: Size;
  readonly framesPerSecond: number;
}

export async function connectClient(options: ClientOptions, tries = 1): Promise<MeasuringClient> {
  const { base, codec, direction, size, framesPerSecond } = options;
  const latencies: number[] = [];
  const client: LiveClient = new LiveClient({
    codec,
    direction,
    framesPerSecond,
    onFrame: (timestamp) => {
      const drawnAt = client.drawnAt.get(timestamp);
      client.drawnAt.delete(timestamp);
      if (drawnAt !== undefined || direction === "recvonly") latencies.push(performance.now() - (drawnAt ?? 0));
    },
  });
  client.size = size;
  const body = await client.offer();
  const headers = { "content-type": "application/sdp" };
  const response = await fetch(`${base}/v1/${paths[direction]}`, { method: "POST", headers, body });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`${response.status}: ${answer}`);
  if (await client.accept(answer.replaceAll(/^a=candidate:(?!.*127\.0\.0\.1).*\r\n/gm, "")))
    return { client, latencies };
  await client.close();
  await fetch(`${base}${response.headers.get("location") ?? ""}`, { method: "DELETE" });
  if (tries >= mostTries) throw new Error(`a client could not connect in ${tries} tries`);
  return connectClient(options, tries + 1);
}
