#!/usr/bin/env bash
# sharp 0.35.5 (libvips 8.18.7, libheif 1.23.5) refuses an animated AVIF by its main brand `avis`, "unsupported image format",
# although it decodes the still picture in it: the same file with the main brand `avif`, which is among its compatible brands,
# decodes. Seen on 2026-11-30 with a file that Pillow 13.0.0 writes. Exits 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python >/dev/null
python/bin/pip install -q pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund sharp@0.35.5
python/bin/python - <<'PYTHON'
from PIL import Image
frames = [Image.new("RGB", (32, 24), colour) for colour in ("red", "blue", "lime")]
frames[0].save("animation.avif", save_all=True, append_images=frames[1:], duration=100)
PYTHON
cat > check.cjs <<'NODE'
const { readFileSync } = require("node:fs");
const sharp = require("sharp");
const bytes = readFileSync("animation.avif");
const attempt = async () => sharp(bytes).raw().toBuffer().then((pixels) => [...pixels.subarray(0, 3)].join(), (error) => error.message);
(async () => {
  const animation = `${bytes.toString("latin1", 8, 12)}: ${await attempt()}`;
  bytes.write("avif", 8, "latin1");
  const still = `${bytes.toString("latin1", 8, 12)}: ${await attempt()}`;
  console.log(`${animation}\n${still}`);
  process.exitCode = /^avis: .*unsupported image format/.test(animation) && /^avif: 25[0-9],[0-9],[0-9]$/.test(still) ? 0 : 1;
})();
NODE
node check.cjs
