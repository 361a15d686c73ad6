/**
 * Makes glibc's malloc return the memory of large pictures to the kernel. Left alone, it raises its thresholds to the size of what is
 * freed, up to 32 MiB, and then keeps up to twice that at the end of each thread's arena: a worker that took 196 MiB had 310 MiB after
 * sixteen pictures of 6 megapixels in several formats; malloc_trim returns none of that (findings/memory.sh). Does nothing with another C library.
 */
import koffi from "koffi";

/** More than the result of a picture of 640x480: smaller buffers are reused, as new pages cost time. */
const mmapThresholdBytes = 4 * 1024 * 1024;
/** glibc's own ratio. */
const trimThresholdBytes = 2 * mmapThresholdBytes;

/** malloc.h */
const parameter = { trimThreshold: -1, mmapThreshold: -3 } as const;

interface Malloc {
  readonly mallopt: (parameter: number, value: number) => number;
  readonly trim: (keptBytes: number) => number;
}

const malloc = glibcMalloc();

function glibcMalloc(): Malloc | undefined {
  try {
    const library = koffi.load("libc.so.6");
    return {
      mallopt: library.func("int mallopt(int, int)") as Malloc["mallopt"],
      trim: library.func("int malloc_trim(size_t)") as Malloc["trim"],
    };
  } catch {
    return undefined;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Other settings of malloc, such as MALLOC_ARENA_MAX, say nothing about the thresholds. */
export function setsThresholds({
  MALLOC_MMAP_THRESHOLD_: mmap,
  MALLOC_TRIM_THRESHOLD_: trim,
  GLIBC_TUNABLES: tunables = "",
}: Environment): boolean {
  return mmap !== undefined || trim !== undefined || /mmap_threshold|trim_threshold/.test(tunables);
}

/** Fixes the thresholds for all threads, unless the environment sets them. */
export function limitKeptMemory(env: Environment): void {
  if (setsThresholds(env)) return;
  malloc?.mallopt(parameter.mmapThreshold, mmapThresholdBytes);
  malloc?.mallopt(parameter.trimThreshold, trimThresholdBytes);
}

/** Returns the free pages of all arenas to the kernel; for memory that was just freed. */
export function returnFreeMemory(): void {
  malloc?.trim(0);
}
