/** A client's audio in a media process: packets pass as they come, in both directions, and are never decoded. */
import { MediaStreamTrack, RtpHeader, RtpPacket, type RTCRtpTransceiver } from "werift";
import type { AudioPacket } from "./frame-pipe.ts";

export interface AudioWays {
  readonly receivesAudio: boolean;
  readonly sendsAudio: boolean;
}

export class AudioRelay {
  readonly #transceiver: RTCRtpTransceiver;
  readonly #track = new MediaStreamTrack({ kind: "audio" });

  /** Call before the answer is made. */
  constructor(transceiver: RTCRtpTransceiver, { receivesAudio, sendsAudio }: AudioWays) {
    this.#transceiver = transceiver;
    transceiver.setDirection(
      sendsAudio ? (receivesAudio ? "sendrecv" : "sendonly") : receivesAudio ? "recvonly" : "inactive",
    );
    if (sendsAudio) void transceiver.sender.replaceTrack(this.#track);
  }

  send({ sequenceNumber, timestamp, marker, bytes }: AudioPacket): void {
    const { sender } = this.#transceiver;
    if (sender.codec === undefined || sender.dtlsTransport.state !== "connected") return;
    const header = new RtpHeader({ sequenceNumber, timestamp, marker, payloadType: sender.codec.payloadType });
    this.#track.writeRtp(new RtpPacket(header, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
  }

  close(): void {
    this.#track.stop();
  }
}

/** Calls back with each packet of a client's audio. */
export function watchAudio(track: MediaStreamTrack, onPacket: (packet: AudioPacket) => void): void {
  track.onReceiveRtp.subscribe(({ header: { sequenceNumber, timestamp, marker }, payload }) => {
    if (payload.length > 0) onPacket({ sequenceNumber, timestamp, marker, bytes: payload });
  });
}
