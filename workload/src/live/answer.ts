/** What becomes of a media process's SDP answer before the client gets it. Pure. */

export interface InnerAnswer {
  readonly ufrag: string;
  /** Where the media process listens, on loopback. */
  readonly port: number;
}

/** Where the media process of this answer listens; undefined if it listens nowhere. */
export function innerAnswer(sdp: string): InnerAnswer | undefined {
  const ufrag = /^a=ice-ufrag:(\S+)\r?$/m.exec(sdp)?.[1];
  const port = /^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) typ host/im.exec(sdp)?.[1];
  return ufrag === undefined || port === undefined ? undefined : { ufrag, port: Number(port) };
}

/** The answer with the pod's public addresses as its only candidates, in order of preference. */
export function publicAnswer(sdp: string, addresses: readonly string[], port: number): string {
  const candidates = addresses.map(
    (address, index) => `a=candidate:${index + 1} 1 udp ${highestPriority - index * 256} ${address} ${port} typ host`,
  );
  let transport = false;
  const [lite, first] = ["a=ice-lite", sdp.search(/^m=/m)];
  // Of the session (RFC 8839, section 5.3), where werift writes it in a section.
  const whole = sdp.includes(`\r\n${lite}\r\n`) ? `${sdp.slice(0, first)}${lite}\r\n${sdp.slice(first)}` : sdp;
  return whole
    .split("\r\n")
    .flatMap((line, index, lines) => {
      if (line === lite && lines.indexOf(lite) !== index) return [];
      if (/^a=(candidate:|end-of-candidates$|ice-options:)/.test(line)) return [];
      // The port of a section that is rejected stays 0.
      if (/^m=\S+ [1-9]/.test(line)) {
        transport = true;
        return [line.replace(/^(m=\S+) \d+/, `$1 ${port}`)];
      }
      if (line.startsWith("m=")) transport = false;
      if (line.startsWith("c=") && transport) return [`c=IN ${addressType(addresses[0])} ${addresses[0] ?? "0.0.0.0"}`];
      if (line.startsWith("a=ice-ufrag:") && transport) return [line, ...candidates, "a=end-of-candidates"];
      return [line];
    })
    .join("\r\n");
}

/** Of a host candidate (RFC 8445, section 5.1.2). */
const highestPriority = 2_130_706_431;

function addressType(address = ""): "IP4" | "IP6" {
  return address.includes(":") ? "IP6" : "IP4";
}

/**
 * What a client gets that restarts ICE (RFC 9725, section 4.3.3; RFC 8840, section 9): the transport of the answer that it got first, with
 * new credentials.
 */
export function restartFragment(answer: string, ufrag: string, password: string): string {
  const [session = [], ...sections] = answer.split(/\r\n(?=m=)/).map((section) => section.split("\r\n"));
  const section = sections.find(([first = ""]) => /^m=\S+ [1-9]/.test(first)) ?? [];
  const lines = [
    ...session.filter((line) => /^a=(ice-lite$|group:)/.test(line)),
    ...section.filter((line) => /^(m=|a=mid:)/.test(line)),
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    ...section.filter((line) => /^a=(candidate:|end-of-candidates$)/.test(line)),
  ];
  return `${lines.join("\r\n")}\r\n`;
}
