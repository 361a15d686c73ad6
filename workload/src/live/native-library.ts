/** The system's libraries through koffi, and memory that they share with us. Media processes only: a mistake here ends the process. */
import koffi from "koffi";
import { CodecMissing } from "./codec.ts";

export type Library = ReturnType<typeof koffi.load>;
export type Pointer = unknown;
/** Sonames, and the Debian packages that have them. */
export type Names = readonly (readonly [soname: string, packageName: string])[];

/** Native memory that does not move, and a view of it. */
export interface Block {
  readonly pointer: Pointer;
  readonly view: DataView;
}

export const littleEndian = true;

/** @throws {CodecMissing} if none of them is installed */
export function loadFirst(what: string, names: Names): Library {
  for (const [soname] of names) {
    try {
      return koffi.load(soname);
    } catch {
      // The next name may be there.
    }
  }
  const sonames = names.map(([soname]) => soname).join(" and ");
  const packages = names.map(([, name]) => name).join(" or ");
  throw new CodecMissing(`live video needs ${what}, and ${sonames} are not installed: install ${packages}`);
}

/** A release whose structures are unknown: to use it would write to wrong addresses. */
export function unknownRelease(what: string, version: string, known: string): CodecMissing {
  return new CodecMissing(`${what} ${version} is installed, and ${known} are known: install one of these`);
}

/** Binds functions of a library by their C prototypes. */
export function binder(library: Library) {
  return <Parameters extends unknown[], Result>(prototype: string) =>
    library.func(prototype) as unknown as (...parameters: Parameters) => Result;
}

export class NativeMemory {
  readonly #pointers: Pointer[] = [];

  take(bytes: number): Block {
    const pointer: Pointer = koffi.alloc("uint8_t", bytes);
    this.#pointers.push(pointer);
    const view = viewOf(pointer, bytes);
    new Uint8Array(view.buffer).fill(0);
    return { pointer, view };
  }

  free(): void {
    for (const pointer of this.#pointers.splice(0)) koffi.free(pointer);
  }
}

export function viewOf(pointer: Pointer, bytes: number): DataView {
  return new DataView(koffi.view(pointer, bytes));
}
