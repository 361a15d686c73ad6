/**
 * A media process: one client's WebRTC connection, and the codec. What strangers send is parsed here and nowhere else; the process may
 * die without any other session noticing. It has no secrets in its environment, listens on loopback, and may not write files or start
 * programs (Node's permission model).
 */
import { randomBytes } from "node:crypto";
import { Socket } from "node:net";
import {
  RTCPeerConnection,
  useAbsSendTime,
  useH264,
  useNACK,
  usePLI,
  useREMB,
  useSdesMid,
  useVP8,
  type RTCDtlsTransport,
} from "werift";
import { CodecMissing, type CodecName, type VideoCodec } from "./codec.ts";
import { MessageReader, writeMessage } from "./frame-pipe.ts";
import { IncomingVideo } from "./incoming-video.ts";
import { framePipe, type ConnectionState, type FromMedia, type MediaSetup, type ToMedia } from "./media-messages.ts";
import { OutgoingVideo } from "./outgoing-video.ts";
import { watchRoundTrip } from "./round-trip.ts";
import { openSystemCodecs } from "./system-codecs.ts";
import { videoFormats } from "./video-format.ts";

/** For what is on its way. */
const farewellMs = 150;
/** Of VP8, H.264's is smaller: a result may be larger than what came. */
const mostResultPixels = 16_383 * 16_383;
/** The content type of a DTLS record (RFC 6347), and a warning with the description 0. */
const alert = 21;
const closeNotify = Buffer.from([1, 0]);
/** Damaged packets make libraries throw; a process that does nothing else is of no use. */
const mostErrors = 100;

type Codecs = ReadonlyMap<CodecName, VideoCodec>;

const codecs = openCodecs();
if (codecs !== undefined) listen(codecs);

function tell(message: FromMedia): void {
  // The processor may just have ended; its end is noticed by `disconnect`.
  process.send?.(message, undefined, undefined, () => undefined);
}

function openCodecs(): Codecs | undefined {
  try {
    const { codecs: found, missing } = openSystemCodecs();
    const [names, versions] = [found.map(({ name }) => name), found.map(({ version }) => version)];
    tell({ kind: "ready", codecs: { names, versions, missing } });
    return new Map(found.map((codec) => [codec.name, codec]));
  } catch (error) {
    if (!(error instanceof CodecMissing)) throw error;
    tell({ kind: "unusable", message: error.message });
    return undefined;
  }
}

function listen(found: Codecs): void {
  let session: Session | undefined;
  let errors = 0;
  const survive = (error: unknown): void => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    if (errors++ >= mostErrors) process.exit(1);
  };
  process.on("uncaughtException", survive);
  process.on("unhandledRejection", survive);
  process.on("disconnect", () => process.exit(0));
  // The processor drains, and ends its media processes afterwards; a terminal sends its signals to all of them.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => undefined);
  process.on("message", (message: ToMedia) => {
    switch (message.kind) {
      case "open":
        session = openSession(found, message.setup);
        void session?.answer();
        return;
      case "close":
        void session?.close();
        setTimeout(() => process.exit(0), farewellMs);
    }
  });
}

function openSession(found: Codecs, setup: MediaSetup): Session | undefined {
  const codec = found.get(setup.codec);
  if (codec !== undefined) return new Session(codec, setup);
  tell({ kind: "refused", message: `there is no codec for ${setup.codec}` });
  return undefined;
}

/** Not transport-cc: without an estimate of ours, Chromium would fall to its lowest bit rate. */
const rtcpFeedback = [useNACK(), usePLI(), useREMB()];
const codecParameters = { VP8: useVP8, H264: useH264 } as const;

class Session {
  readonly #setup: MediaSetup;
  readonly #codec: VideoCodec;
  readonly #pipe = new Socket({ fd: framePipe });
  readonly #connection: RTCPeerConnection;
  #incoming: IncomingVideo | undefined;
  #outgoing: OutgoingVideo | undefined;

  constructor(found: VideoCodec, setup: MediaSetup) {
    this.#codec = found;
    this.#setup = setup;
    this.#connection = new RTCPeerConnection({
      codecs: { audio: [], video: [codecParameters[setup.codec]({ rtcpFeedback })] },
      // No rotation: the client turns its frames itself, and a turned phone changes their size.
      headerExtensions: { video: [useSdesMid(), useAbsSendTime()], audio: [] },
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
    const reader = new MessageReader(mostResultPixels, (message) => {
      if (message.kind === "done") this.#incoming?.done();
      else this.#outgoing?.send(message.frame);
    });
    this.#pipe.on("data", (chunk) => reader.read(chunk));
    this.#pipe.on("error", () => undefined);
  }

  async answer(): Promise<void> {
    try {
      tell({ kind: "answer", sdp: await this.#answer() });
    } catch (error) {
      tell({ kind: "refused", message: error instanceof Error ? error.message : String(error) });
    }
  }

  async close(): Promise<void> {
    for (const { dtlsTransport } of this.#connection.getTransceivers()) await sayEnd(dtlsTransport.dtls);
    await this.#connection.close();
    this.#incoming?.close();
    this.#outgoing?.close();
  }

  async #answer(): Promise<string> {
    const { offer, clientStartsDtls, receives, sends, mostFramesPerSecond, mostKbps, mostPixels } = this.#setup;
    const connection = this.#connection;
    connection.connectionStateChange.subscribe((state) => {
      if (isReported(state)) tell({ kind: "state", state });
    });
    connection.onTrack.subscribe((track) => {
      if (!receives || this.#incoming !== undefined || track.kind !== "video") return;
      const receiver = connection.getTransceivers().find(({ kind }) => kind === "video")?.receiver;
      if (receiver === undefined) return;
      this.#incoming = new IncomingVideo({
        track,
        receiver,
        decoder: this.#codec.openDecoder(mostPixels),
        format: videoFormats[this.#codec.name],
        mostFramesPerSecond,
        mostKbps,
        send: (frame) => writeMessage(this.#pipe, { kind: "frame", frame }),
      });
    });
    await connection.setRemoteDescription({ type: "offer", sdp: offer });
    // werift's own has 16 bits, and the ufrag decides which session a packet belongs to.
    for (const transport of connection.iceTransports)
      transport.connection.localUsername = randomBytes(12).toString("hex");
    const transceiver = connection.getTransceivers().find(({ kind }) => kind === "video");
    if (transceiver === undefined) throw new Error("the offer has no video that can be used");
    // werift would always start itself, also if the client does. The client starts where it can: it is ready after us, and would miss
    // our first message.
    transceiver.dtlsTransport.role = clientStartsDtls ? "server" : "client";
    transceiver.setDirection(sends ? (receives ? "sendrecv" : "sendonly") : "recvonly");
    if (sends) {
      watchRoundTrip(transceiver, (ms) => tell({ kind: "round-trip", ms }));
      const { name } = this.#codec;
      this.#outgoing = new OutgoingVideo({ transceiver, codec: name, encoder: this.#codec.openEncoder(), mostKbps });
    }
    await connection.setLocalDescription(await connection.createAnswer());
    return connection.localDescription?.sdp ?? "";
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
