/**
 * A media process: clients' WebRTC connections, and the codecs. What strangers send is parsed here and nowhere else; the process may
 * die without sessions of other processes noticing. It has no secrets in its environment, listens on loopback, and may not write files or
 * start programs (Node's permission model).
 */
import { Socket } from "node:net";
import { CodecMissing, type CodecName, type VideoCodec } from "./codec.ts";
import { MessageReader, writeMessage } from "./frame-pipe.ts";
import { framePipe, type FromMedia, type FromSession, type MediaSetup, type ToMedia } from "./media-messages.ts";
import { Peer } from "./peer.ts";
import { openSystemCodecs } from "./system-codecs.ts";

/** For what is on its way. */
const farewellMs = 150;
/** Of VP8, H.264's is smaller: a result may be larger than what came. */
const mostResultPixels = 16_383 * 16_383;
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
  const peers = new Map<number, Peer>();
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
  const pipe = new Socket({ fd: framePipe });
  const reader = new MessageReader(mostResultPixels, (message) => peers.get(message.session)?.frame(message));
  pipe.on("data", (chunk) => reader.read(chunk));
  pipe.on("error", () => undefined);

  const open = (session: number, setup: MediaSetup): void => {
    const answer = (message: FromSession): void => tell({ kind: "session", session, message });
    const peer = new Peer(setup, {
      codecs: found,
      tell: answer,
      write: (message) => writeMessage(pipe, { session, ...message }),
    });
    peers.set(session, peer);
    void peer.answer();
  };
  const close = async (session: number): Promise<void> => {
    await peers.get(session)?.close();
    peers.delete(session);
    setTimeout(() => tell({ kind: "session", session, message: { kind: "closed" } }), farewellMs);
  };
  process.on("message", ({ session, message }: ToMedia) => {
    switch (message.kind) {
      case "open":
        return open(session, message.setup);
      case "encodings":
        return peers.get(session)?.setEncodings(message.encodings);
      case "key-frame":
        return peers.get(session)?.requestKeyFrame(message.encoding);
      case "restart":
        return peers.get(session)?.restart(message.client);
      case "close":
        void close(session);
    }
  });
}
