/**
 * A process that decodes damaged RTP payloads, as a media process would: `<codec> <payloads> <seed>`. It prints how many frames were
 * decoded and how many were found to be damaged; a flaw of the codec ends it with a signal.
 */
import { seededRandom } from "../../testing/random.ts";
import type { CodecName } from "../codec.ts";
import { FrameAssembler } from "../frame-assembler.ts";
import { packetizers } from "../outgoing-video.ts";
import { openSystemCodecs } from "../system-codecs.ts";
import { videoFormats } from "../video-format.ts";
import { drawnFrame } from "./drawn-frame.ts";
import { mutated } from "./mutated.ts";

const [, , name, runs = "1000", seed = "1"] = process.argv;
const codec = openSystemCodecs().codecs.find((each) => each.name === name);
if (codec === undefined) throw new Error(`there is no codec ${name}`);
const random = seededRandom(Number(seed));
const format = videoFormats[codec.name];
const assembler = new FrameAssembler(format);
const packetize = packetizers[name as CodecName](96);
const [encoder, decoder] = [codec.openEncoder(), codec.openDecoder(640 * 480)];
const seen = { frame: 0, nothing: 0, damaged: 0 };
let payloads = 0;
for (let index = 0; payloads < Number(runs); index++) {
  const size = random() < 0.9 ? { width: 160, height: 120 } : { width: 2 + random() * 200, height: 2 + random() * 200 };
  const frame = drawnFrame({ width: Math.floor(size.width), height: Math.floor(size.height) }, index);
  const bytes = encoder.encode({ frame, duration: 3000, keyFrame: random() < 0.2, kbps: 4000 });
  if (bytes === undefined) continue;
  for (const { header, payload } of packetize.packetize(bytes, index * 3000)) {
    payloads++;
    const damaged = random() < 0.5 ? mutated(payload, random) : payload;
    const { sequenceNumber, timestamp, marker } = header;
    for (const assembled of assembler.push({ sequenceNumber, timestamp, marker, payload: damaged }, index * 33)) {
      format.isKeyFrame(assembled.bytes);
      seen[decoder.decode(assembled.bytes).kind]++;
    }
  }
}
encoder.close();
decoder.close();
process.stdout.write(JSON.stringify(seen));
