/** Damages bytes, in the same way for the same seed. Pure. */
import type { Random } from "../testing/random.ts";
import { jpegMutations } from "./jpeg-mutations.ts";
import { pick, type Mutation } from "./mutation.ts";

/** Values at which lengths and counts overflow or wrap. */
const edges = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

const at = (bytes: Buffer, random: Random) => Math.floor(random() * Math.max(bytes.length, 1));

const mutations: readonly Mutation[] = [
  function flipBits(bytes, random) {
    const flipped = Buffer.from(bytes);
    for (let count = 1 + Math.floor(random() * 8); count > 0; count--) {
      const index = at(bytes, random);
      flipped[index] = (flipped[index] ?? 0) ^ (1 << Math.floor(random() * 8));
    }
    return flipped;
  },
  function setEdges(bytes, random) {
    const set = Buffer.from(bytes);
    const start = at(bytes, random);
    set.fill(pick(random, edges), start, Math.min(start + 1 + Math.floor(random() * 4), set.length));
    return set;
  },
  function damageHead(bytes, random) {
    const damaged = Buffer.from(bytes);
    const index = Math.floor(random() * Math.min(64, bytes.length));
    damaged[index] = Math.floor(random() * 256);
    return damaged;
  },
  (bytes, random) => bytes.subarray(0, at(bytes, random)),
  (bytes, random) => bytes.subarray(at(bytes, random)),
  function repeatPart(bytes, random) {
    const [from, to] = [at(bytes, random), at(bytes, random)];
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, from + 256), bytes.subarray(to)]);
  },
  function removePart(bytes, random) {
    const from = at(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + Math.floor(random() * 64))]);
  },
  function spliceOther(bytes, random, others) {
    const other = pick(random, others);
    return Buffer.concat([bytes.subarray(0, at(bytes, random)), other.subarray(at(other, random))]);
  },
  (bytes, random) => Buffer.concat([bytes, Buffer.from(Array.from({ length: 64 }, () => Math.floor(random() * 256)))]),
];

/** Applies one to three of the mutations; to a JPEG, half of them those of cameras and phones. */
export function mutate(bytes: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  let mutated = bytes;
  for (let count = 1 + Math.floor(random() * 3); count > 0; count--) {
    const isJpeg = mutated[0] === 0xff && mutated[1] === 0xd8;
    mutated = pick(random, isJpeg && random() < 0.5 ? jpegMutations : mutations)(mutated, random, others);
  }
  return mutated;
}
