/** Whether a STUN request was made by the one who has its password (RFC 8489, section 14.5; RFC 8445, section 7.1.2). Pure. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { readStun } from "./stun.ts";

const headerBytes = 20;
const integrity = 0x0008;
const digestBytes = 20;
/** Its own header, too. */
const attributeBytes = 4 + digestBytes;

/** `passwordOf`: of a ufrag that we gave out. True for what is no request: it needs none. */
export function isAuthentic(packet: Buffer, passwordOf: (ufrag: string) => string | undefined): boolean {
  const stun = readStun(packet);
  if (stun?.kind !== "request") return !isRequest(packet);
  const password = passwordOf(stun.ufrag);
  const at = integrityAt(packet);
  if (password === undefined || at === undefined) return false;
  // Its length counts up to this attribute, whatever follows it.
  const covered = Buffer.from(packet.subarray(0, at));
  covered.writeUInt16BE(at - headerBytes + attributeBytes, 2);
  const expected = createHmac("sha1", password).update(covered).digest();
  return timingSafeEqual(expected, packet.subarray(at + 4, at + attributeBytes));
}

/** A request without a user name. The first byte of RTP, RTCP and DTLS is not 0 (RFC 7983). */
function isRequest(packet: Buffer): boolean {
  return packet[0] === 0 && packet[1] === 1;
}

function integrityAt(packet: Buffer): number | undefined {
  for (let at = headerBytes; at + 4 <= packet.length;) {
    const [type, length] = [packet.readUInt16BE(at), packet.readUInt16BE(at + 2)];
    if (type === integrity) return length === digestBytes && at + attributeBytes <= packet.length ? at : undefined;
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return undefined;
}
