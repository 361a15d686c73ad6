/** The round trip to a client that receives video, from its reports (RFC 3550, section 6.4.1). */
import { RtcpRrPacket, RtcpSrPacket, type RTCRtpTransceiver } from "werift";

/** Calls back with the smoothed round trip in ms whenever the client has reported. */
export function watchRoundTrip({ sender, dtlsTransport }: RTCRtpTransceiver, onRoundTrip: (ms: number) => void): void {
  const tell = async (): Promise<void> => {
    for (const statistics of (await sender.getStats()).values()) {
      const { type, roundTripTime } = statistics as { readonly type: string; readonly roundTripTime?: number };
      if (type === "remote-inbound-rtp" && roundTripTime !== undefined) onRoundTrip(Math.max(0, roundTripTime * 1000));
    }
  };
  dtlsTransport.onRtcp.subscribe((packet) => {
    // werift 0.25.2 gives a sender report to the receiver alone, but a client that also sends video reports in it.
    if (packet instanceof RtcpSrPacket) sender.handleRtcpPacket(packet);
    if (packet instanceof RtcpSrPacket || packet instanceof RtcpRrPacket) void tell();
  });
}
