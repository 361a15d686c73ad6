/** STUN packets for tests, without integrity. */
import { randomBytes } from "node:crypto";

const username = 0x0006;
const useCandidate = 0x0025;

export interface RequestOptions {
  readonly type?: number;
  readonly transaction?: Buffer;
}

/** `attributes`: type and value. */
export function stunPacket(
  attributes: readonly (readonly [type: number, value: string])[],
  { type = 1, transaction = Buffer.alloc(12) }: RequestOptions = {},
): Buffer {
  const body = attributes.map(([attribute, value]) => {
    const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
    bytes.writeUInt16BE(attribute, 0);
    bytes.writeUInt16BE(value.length, 2);
    bytes.write(value, 4, "latin1");
    return bytes;
  });
  const header = Buffer.alloc(20);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(Buffer.concat(body).length, 2);
  header.writeUInt32BE(0x21_12_a4_42, 4);
  transaction.copy(header, 8);
  return Buffer.concat([header, ...body]);
}

export function bindingRequest(ufrag: string, nominates = false): Buffer {
  const selection: readonly (readonly [number, string])[] = nominates ? [[useCandidate, ""]] : [];
  return stunPacket([[username, `${ufrag}:theirs`], ...selection], { transaction: randomBytes(12) });
}

/** The answer of a media process to this request. */
export function bindingResponse(request: Buffer, succeeded: boolean): Buffer {
  return stunPacket([], { type: succeeded ? 0x0101 : 0x0111, transaction: request.subarray(8, 20) });
}
