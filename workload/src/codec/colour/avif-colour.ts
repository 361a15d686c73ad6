/** The colour space of an AVIF: a profile, or else numbers of ITU-T H.273 (HEIF, property `colr`). Pure. */
import { stillProperties } from "../avif-header.ts";
import { codedSpace } from "./coded-space.ts";
import type { ColourDescription } from "./colour-space.ts";

export function avifColour(file: Buffer): ColourDescription {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let found: ColourDescription = { kind: "srgb" };
  for (const property of stillProperties(view) ?? []) {
    if (property?.type !== "colr") continue;
    const { buffer, byteOffset, byteLength } = property.content;
    const content = Buffer.from(buffer, byteOffset, byteLength);
    const type = content.toString("latin1", 0, 4);
    if (type === "prof" || type === "rICC") return { kind: "profile", bytes: content.subarray(4) };
    if (type !== "nclx" || byteLength < 8) continue;
    const space = codedSpace(content.readUInt16BE(4), content.readUInt16BE(6));
    if (space !== undefined) found = { kind: "space", space };
  }
  return found;
}
