#!/usr/bin/env bash
# glibc 2.36 (2026-11-30), in the threads of Node 24.21.0, by koffi 3.3.4: `malloc_trim(0)` returns nothing of what is free at the end of an
# arena that is not the main one. Such an arena shrinks only within `free`, above a threshold which glibc raises to twice the
# largest block that was ever freed, up to 64 MiB. Each thread that has freed a block of 31 MiB therefore keeps up to 62 MiB of free memory
# resident, which looks like a leak of the libraries that it runs, such as those of pictures. With `mallopt`, which fixes both
# thresholds, nothing is kept.
# Seen: each of three threads keeps 50 MiB after it has freed all, and after malloc_trim; 0 MiB with mallopt. Exits with 1 when this
# changes. Needs Node 24, npm and glibc.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund koffi@3.3.4
cat >check.mjs <<'SCRIPT'
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import koffi from "koffi";

const MiB = 2 ** 20;
const libc = koffi.load("libc.so.6");
const malloc = libc.func("void *malloc(size_t)");
const free = libc.func("void free(void *)");
const memset = libc.func("void *memset(void *, int, size_t)");
const trim = libc.func("int malloc_trim(size_t)");
const mallopt = libc.func("int mallopt(int, int)");
const resident = () => Math.round(process.memoryUsage.rss() / MiB);

function used(size) {
  const block = malloc(size);
  memset(block, 1, size);
  return block;
}

/** What a thread keeps, in MiB, after it has freed all its blocks, and after malloc_trim. */
function keptByThread() {
  const before = resident();
  free(used(31 * MiB));
  const blocks = [used(30 * MiB), used(20 * MiB)];
  for (const block of blocks.reverse()) free(block);
  const freed = resident();
  trim(0);
  return { freed: freed - before, trimmed: resident() - before };
}

async function keptByThreads() {
  const kept = [];
  for (let thread = 0; thread < 3; thread++) {
    const [one] = await once(new Worker(new URL(import.meta.url)), "message");
    kept.push(one);
  }
  return kept;
}

if (isMainThread) {
  const usual = await keptByThreads();
  // malloc.h: M_MMAP_THRESHOLD is -3, M_TRIM_THRESHOLD -1.
  mallopt(-3, 4 * MiB);
  mallopt(-1, 8 * MiB);
  const fixed = await keptByThreads();
  console.log(JSON.stringify({ glibc: process.report.getReport().header.glibcVersionRuntime, usual, fixed }));
  const isAsSeen =
    usual.every(({ freed, trimmed }) => freed > 40 && trimmed > 40) && fixed.every(({ freed }) => freed < 10);
  process.exit(isAsSeen ? 0 : 1);
}
parentPort.postMessage(keptByThread());
// The thread lives on, as a worker does.
setInterval(() => {}, 1000);
SCRIPT
node check.mjs
