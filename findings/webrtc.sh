#!/usr/bin/env bash
# werift 0.25.2 on Node 24.21.0 (2026-11-30): a connection with `iceServers: []` still resolves stun.l.google.com and sends it a binding
# request, as one without the setting does. So an installation that lists no server, or must not call out, tells Google the address
# of each pod that gathers candidates. Browsers contact no server then (W3C WebRTC 1.0, RTCConfiguration). With `iceLite: true`
# werift contacts none.
# Seen: the name is resolved for {} and for {iceServers: []}, and not with iceLite. The script answers the lookup itself, with
# 127.0.0.1: nothing leaves the machine. Exits with 1 when this changes. Needs Node 24 and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund werift@0.25.2
cat >check.cjs <<'SCRIPT'
const { promises } = require("node:dns");
const resolved = new Set();
const { lookup } = promises;
promises.lookup = async (name, options) => {
  if (!name.endsWith(".com")) return lookup(name, options);
  resolved.add(name);
  return { address: "127.0.0.1", family: 4 };
};
const { RTCPeerConnection } = require("werift");

async function gather(configuration) {
  resolved.clear();
  const connection = new RTCPeerConnection(configuration);
  connection.createDataChannel("any");
  await connection.setLocalDescription(await connection.createOffer());
  await connection.close();
  return [...resolved];
}

async function check() {
  const usual = await gather({});
  const none = await gather({ iceServers: [] });
  const lite = await gather({ iceServers: [], iceLite: true });
  console.log(process.version, "default:", usual, "no servers:", none, "ICE-lite:", lite);
  process.exit(none.includes("stun.l.google.com") && lite.length === 0 ? 0 : 1);
}

check();
SCRIPT
node check.cjs
