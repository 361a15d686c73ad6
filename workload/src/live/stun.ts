/** Reads of a packet only what decides on its way (RFC 8489). Pure. */

const magicCookie = 0x21_12_a4_42;
const headerBytes = 20;
const attributes = { username: 0x0006, useCandidate: 0x0025 } as const;
const responses: Readonly<Record<number, boolean>> = { 0x0101: true, 0x0111: false };

export interface BindingRequest {
  readonly kind: "request";
  readonly transaction: string;
  /** The ufrag that we gave out: the user name is `<ours>:<the client's>` (RFC 8445, section 7.2.2). */
  readonly ufrag: string;
  /** Whether the client selects this way (USE-CANDIDATE). */
  readonly nominates: boolean;
}

export interface BindingResponse {
  readonly kind: "response";
  readonly transaction: string;
  readonly succeeded: boolean;
}

/** A binding request with a user name, or the response to one; null for every other packet. */
export function readStun(packet: Buffer): BindingRequest | BindingResponse | null {
  if (packet.length < headerBytes || packet.readUInt32BE(4) !== magicCookie) return null;
  const type = packet.readUInt16BE(0);
  const transaction = packet.toString("latin1", 8, headerBytes);
  const succeeded = responses[type];
  if (succeeded !== undefined) return { kind: "response", transaction, succeeded };
  if (type !== 0x0001) return null;
  const end = Math.min(packet.length, headerBytes + packet.readUInt16BE(2));
  let ufrag: string | undefined;
  let nominates = false;
  for (let at = headerBytes; at + 4 <= end;) {
    const [attribute, length] = [packet.readUInt16BE(at), packet.readUInt16BE(at + 2)];
    if (at + 4 + length > end) break;
    if (attribute === attributes.useCandidate) nominates = true;
    if (attribute === attributes.username) {
      const [ours = "", theirs] = packet.toString("latin1", at + 4, at + 4 + length).split(":", 2);
      if (ours !== "" && theirs !== undefined) ufrag ??= ours;
    }
    // Attributes are padded to four bytes.
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return ufrag === undefined ? null : { kind: "request", transaction, ufrag, nominates };
}
