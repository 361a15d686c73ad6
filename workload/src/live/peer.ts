/** A client's WebRTC connection, in a media process. */
import { randomBytes } from "node:crypto";
import {
  RTCPeerConnection,
  useAbsSendTime,
  useH264,
  useNACK,
  useOPUS,
  usePLI,
  useREMB,
  useSdesMid,
  useVP8,
  type MediaStreamTrack,
  type RTCDtlsTransport,
  type RTCRtpTransceiver,
} from "werift";
import { AudioRelay, watchAudio } from "./audio-relay.ts";
import type { CodecName, VideoCodec } from "./codec.ts";
import { FrameEncodings } from "./frame-encodings.ts";
import type { AudioPacket, EncodedFrame, PipeMessage, TimedFrame } from "./frame-pipe.ts";
import { IceAgent, type IceCredentials } from "./ice-agent.ts";
import { IncomingVideo } from "./incoming-video.ts";
import type { ConnectionState, Encoding, FromSession, MediaSetup } from "./media-messages.ts";
import { OutgoingVideo } from "./outgoing-video.ts";
import { watchRoundTrip } from "./round-trip.ts";
import { firstKbps } from "./shared-stream.ts";
import { videoFormats } from "./video-format.ts";

/** The content type of a DTLS record (RFC 6347), and a warning with the description 0. */
const alert = 21;
const closeNotify = Buffer.from([1, 0]);

/** Not transport-cc: without an estimate of ours, Chromium would fall to its lowest bit rate. */
const rtcpFeedback = [useNACK(), usePLI(), useREMB()];
const codecParameters = { VP8: useVP8, H264: useH264 } as const;
/** Of a session whose client gets its own results: nobody shares it. */
const ownEncoding = 0;

type Unaddressed<Message> = Message extends PipeMessage ? Omit<Message, "session"> : never;

export interface PeerOptions {
  readonly codecs: ReadonlyMap<CodecName, VideoCodec>;
  readonly tell: (message: FromSession) => void;
  readonly write: (message: Unaddressed<PipeMessage>) => void;
}

export class Peer {
  readonly #setup: MediaSetup;
  readonly #options: PeerOptions;
  readonly #connection: RTCPeerConnection;
  readonly #encodings: FrameEncodings;
  #ice: IceAgent | undefined;
  #incoming: IncomingVideo | undefined;
  #outgoing: OutgoingVideo | undefined;
  #audio: AudioRelay | undefined;

  constructor(setup: MediaSetup, options: PeerOptions) {
    this.#setup = setup;
    this.#options = options;
    this.#encodings = new FrameEncodings({
      openEncoder: (codec) => this.#codec(codec).openEncoder(),
      onEncoded: (encoded) => this.#onEncoded(encoded),
      onFailed: (encoding, message) => options.tell({ kind: "encoding-failed", encoding, message }),
    });
    const hasAudio = setup.receivesAudio || setup.sendsAudio;
    this.#connection = new RTCPeerConnection({
      codecs: { audio: hasAudio ? [useOPUS()] : [], video: [codecParameters[setup.codec]({ rtcpFeedback })] },
      // No rotation: the client turns its frames itself, and a turned phone changes their size.
      headerExtensions: { video: [useSdesMid(), useAbsSendTime()], audio: [useSdesMid()] },
      bundlePolicy: "max-bundle",
      // The default is a server on the internet.
      iceServers: [],
      // It only answers: the processor's address is known, and the client finds it.
      iceLite: true,
      iceUseIpv4: false,
      iceUseIpv6: false,
      iceUseTcp: false,
      iceAdditionalHostAddresses: ["127.0.0.1"],
    });
  }

  async answer(): Promise<void> {
    const { tell } = this.#options;
    try {
      tell({ kind: "answer", sdp: await this.#answer() });
    } catch (error) {
      tell({ kind: "refused", message: error instanceof Error ? error.message : String(error) });
    }
  }

  frame(message: PipeMessage): void {
    switch (message.kind) {
      case "done":
        return this.#incoming?.done();
      case "frame":
        return this.#onResult(message.frame);
      case "encoded":
        return this.#outgoing?.send(message.encoded);
      case "audio":
        this.#audio?.send(message.audio);
    }
  }

  setEncodings(encodings: readonly Encoding[]): void {
    this.#encodings.set(encodings);
  }

  requestKeyFrame(encoding: number): void {
    this.#encodings.requestKeyFrame(encoding);
  }

  restart(client: IceCredentials): void {
    const ours = this.#ice?.restart(client);
    if (ours !== undefined) this.#options.tell({ kind: "restarted", ours });
  }

  async close(): Promise<void> {
    // Audio and video share one.
    const transports = new Set(this.#connection.getTransceivers().map(({ dtlsTransport }) => dtlsTransport));
    for (const { dtls } of transports) await sayEnd(dtls);
    await this.#connection.close();
    this.#incoming?.close();
    this.#outgoing?.close();
    this.#audio?.close();
    this.#encodings.close();
  }

  #codec(name: CodecName): VideoCodec {
    const codec = this.#options.codecs.get(name);
    if (codec === undefined) throw new Error(`there is no codec for ${name}`);
    return codec;
  }

  #onResult(frame: TimedFrame): void {
    // The first frame that a client gets must be a key frame: none is encoded before.
    if (this.#outgoing?.isReady !== false) this.#encodings.encode(frame);
  }

  #onEncoded(encoded: EncodedFrame): void {
    if (this.#outgoing === undefined) this.#options.write({ kind: "encoded", encoded });
    else this.#outgoing.send(encoded);
  }

  #onAudio(audio: AudioPacket): void {
    if (this.#setup.sends) this.#audio?.send(audio);
    else this.#options.write({ kind: "audio", audio });
  }

  async #answer(): Promise<string> {
    const { offer, clientStartsDtls, receives, sends, receivesAudio } = this.#setup;
    const connection = this.#connection;
    connection.connectionStateChange.subscribe((state) => {
      if (isReported(state)) this.#options.tell({ kind: "state", state });
    });
    connection.onTrack.subscribe((track) => {
      if (receives && this.#incoming === undefined && track.kind === "video") this.#receive(track);
      if (receivesAudio && track.kind === "audio") watchAudio(track, (packet) => this.#onAudio(packet));
    });
    await connection.setRemoteDescription({ type: "offer", sdp: offer });
    const transceiver = this.#videoTransceiver();
    if (transceiver === undefined) throw new Error("the offer has no video that can be used");
    // werift would always start itself, also if the client does. The client starts where it can: it is ready after us, and would miss
    // our first message.
    transceiver.dtlsTransport.role = clientStartsDtls ? "server" : "client";
    transceiver.setDirection(sends ? (receives ? "sendrecv" : "sendonly") : "recvonly");
    if (sends) this.#send(transceiver);
    const [audio, ...others] = connection
      .getTransceivers()
      .filter(({ kind, codecs }) => kind === "audio" && codecs.length > 0);
    for (const other of others) other.setDirection("inactive");
    if (audio !== undefined) this.#audio = new AudioRelay(audio, this.#setup);
    const ice = new IceAgent(
      transceiver.dtlsTransport.iceTransport.connection,
      () => this.#setup.ufragPrefix + randomBytes(12).toString("hex"),
    );
    await connection.setLocalDescription(await connection.createAnswer());
    ice.guard();
    this.#ice = ice;
    return connection.localDescription?.sdp ?? "";
  }

  #videoTransceiver(): RTCRtpTransceiver | undefined {
    return this.#connection.getTransceivers().find(({ kind }) => kind === "video");
  }

  #receive(track: MediaStreamTrack): void {
    const { codec, mostFramesPerSecond, mostKbps, mostPixels } = this.#setup;
    const receiver = this.#videoTransceiver()?.receiver;
    if (receiver === undefined) return;
    this.#incoming = new IncomingVideo({
      track,
      receiver,
      decoder: this.#codec(codec).openDecoder(mostPixels),
      format: videoFormats[codec],
      mostFramesPerSecond,
      mostKbps,
      send: (frame) => this.#options.write({ kind: "frame", frame }),
    });
  }

  #send(transceiver: RTCRtpTransceiver): void {
    const { codec, receives, mostKbps } = this.#setup;
    const { tell } = this.#options;
    watchRoundTrip(transceiver, (ms) => tell({ kind: "round-trip", ms }));
    const first = Math.min(firstKbps, mostKbps);
    // A viewer's frames are encoded by the publisher's media process.
    const own = (kbps: number): void => this.#encodings.set([{ id: ownEncoding, codec, kbps }]);
    if (receives) own(first);
    this.#outgoing = new OutgoingVideo({
      transceiver,
      codec,
      firstKbps: first,
      mostKbps,
      onKeyFrameWanted: () => (receives ? this.#encodings.requestKeyFrame(ownEncoding) : tell({ kind: "key-frame" })),
      onReceivable: (kbps) => (receives ? own(kbps) : tell({ kind: "receivable", kbps })),
    });
  }
}

/**
 * Sends `close_notify` (RFC 5246, section 7.2.1), so that the client notices the end at once and not by silence. werift 0.25.2 sends no
 * alerts: a record of application data becomes one before it is encrypted.
 */
async function sayEnd(dtls: RTCDtlsTransport["dtls"]): Promise<void> {
  if (dtls?.connected !== true) return;
  const { cipher } = dtls;
  const encrypt = cipher.encryptPacket.bind(cipher);
  cipher.encryptPacket = (record) => {
    record.recordLayerHeader.contentType = alert;
    return encrypt(record);
  };
  await dtls.send(closeNotify).catch(() => undefined);
  cipher.encryptPacket = encrypt;
}

function isReported(state: string): state is ConnectionState {
  return ["connected", "disconnected", "failed", "closed"].includes(state);
}
