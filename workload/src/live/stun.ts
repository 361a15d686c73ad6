/** Reads of a packet only what says which session it belongs to (RFC 8489). Pure. */

const magicCookie = 0x21_12_a4_42;
const headerBytes = 20;
const username = 6;

/**
 * The ufrag that we gave out, from a STUN binding request: its USERNAME is `<ours>:<the client's>` (RFC 8445, section 7.2.2). Null for
 * every other packet.
 */
export function ufragOf(packet: Buffer): string | null {
  if (packet.length < headerBytes || packet.readUInt16BE(0) !== 1 || packet.readUInt32BE(4) !== magicCookie)
    return null;
  const end = Math.min(packet.length, headerBytes + packet.readUInt16BE(2));
  for (let at = headerBytes; at + 4 <= end;) {
    const length = packet.readUInt16BE(at + 2);
    if (packet.readUInt16BE(at) === username) {
      if (at + 4 + length > end) return null;
      const text = packet.toString("latin1", at + 4, at + 4 + length);
      const colon = text.indexOf(":");
      return colon > 0 ? text.slice(0, colon) : null;
    }
    // Attributes are padded to four bytes.
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return null;
}
