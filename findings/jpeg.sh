#!/usr/bin/env bash
# libjpeg-turbo 3.1.3, TurboJPEG API: after tj3DecompressHeader() has failed on one file, the instance refuses the next file, which is
# valid, with the message of the first. A new instance takes it. A program that keeps one instance a thread, as the documentation of
# tj3Init() suggests, then refuses every picture from the first damaged one on.
#
# Runs @julusian/jpeg-turbo 3.0.1 (it brings libturbojpeg.so.0), koffi 3.3.4 and sharp 0.35.5, which writes the picture. Linux, Node 24.
# Exits with 1 when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @julusian/jpeg-turbo@3.0.1 koffi@3.3.4 sharp@0.35.5
cat >check.cjs <<'SCRIPT'
require("@julusian/jpeg-turbo");
const library = require("koffi").load("libturbojpeg.so.0");
const init = library.func("void *tj3Init(int)");
const readHeader = library.func("int tj3DecompressHeader(void *, const uint8_t *, size_t)");
const message = library.func("const char *tj3GetErrorStr(void *)");
require("sharp")({ create: { width: 16, height: 16, channels: 3, background: "red" } }).jpeg().toBuffer().then((valid) => {
  const damaged = Buffer.from(valid);
  const table = damaged.indexOf(Buffer.of(0xff, 0xc4));
  damaged.fill(0xff, table + 5, table + 21);
  const used = init(1);
  const results = [readHeader(used, damaged, damaged.length), readHeader(used, valid, valid.length)];
  console.log("one instance: damaged", results[0], "then valid", results[1], message(used));
  const fresh = readHeader(init(1), valid, valid.length);
  console.log("a new instance: valid", fresh);
  process.exitCode = results[1] === -1 && fresh === 0 ? 0 : 1;
});
SCRIPT
node check.cjs
# Seen on 2026-11-30:
#   one instance: damaged -1 then valid -1 Bogus Huffman table definition
#   a new instance: valid 0
