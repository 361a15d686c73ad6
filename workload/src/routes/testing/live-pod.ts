/** A processor with live video as one of several pods, on loopback. */
import type { ProcessorConfig } from "@gpumedia/api";
import { Peers, type Peer } from "../../live/peer-pods.ts";
import { podTag } from "../../live/pod-tag.ts";
import { offerText } from "../../live/testing/offers.ts";
import { modelFile, pictureModelBytes } from "../../testing/picture-models.ts";
import { realProcessor, type RealProcessor } from "./real-processor.ts";

export interface LivePod extends AsyncDisposable {
  readonly processor: RealProcessor;
  readonly udpPort: number;
}

/** `address`: as if it had it. `peers`: all pods, to which it adds itself. */
export async function livePod(
  address: string,
  peers: Peer[],
  live: NonNullable<ProcessorConfig["live"]>,
): Promise<LivePod> {
  const tag = podTag(address);
  let nowMs = 0;
  // Each question is new: the clock jumps.
  const known = new Peers({ ownTag: tag, resolve: async () => peers, now: () => (nowMs += 1001) });
  const processor = await realProcessor(
    {
      workers: 1,
      model: { name: "repeating", path: modelFile(pictureModelBytes()) },
      drain: { timeout: "1s", delay: "0ms" },
      live: { enabled: true, udpPort: 0, ...live },
    },
    undefined,
    known,
  );
  // Only an answer has the port.
  const headers = { "content-type": "application/sdp", authorization: `Bearer ${live.token ?? ""}` };
  const body = offerText({ direction: "sendrecv" });
  const offer = await fetch(`${processor.url}/v1/exchange`, { method: "POST", body, headers });
  const udpPort = Number(/ (\d+) typ host/.exec(await offer.text())?.[1]);
  await fetch(`${processor.url}${offer.headers.get("location")}`, { method: "DELETE", headers });
  peers.push({ tag, address: "127.0.0.1", httpPort: processor.port, udpPort });
  return { processor, udpPort, [Symbol.asyncDispose]: async () => processor[Symbol.asyncDispose]() };
}
