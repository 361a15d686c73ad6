#!/usr/bin/env bash
# werift 0.25.2 on Node 24.21.0 (2026-12-01): between peers that both send video, a request for a key frame never reaches the sender that it
# names. A PLI has the SSRC of who asks and that of the video asked for (RFC 4585, section 6.1). werift looks up the first, finds its own
# receiver of the asking peer's video, and hands it the request; only where nobody is known by the first SSRC does it look up the second.
# Peers that send nothing are not affected, so the fault shows only in calls both ways: after a loss, the picture stays broken until
# the next key frame that comes by itself. Both peers are werift here, and one connection each.
# Seen: PLIs that the sender reported: 0 of 3 with video both ways, 3 of 3 one way; the transport received 3 each time. Exits with 1 when
# this changes. Needs Node 24 and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund werift@0.25.2
cat >check.cjs <<'SCRIPT'
const { setTimeout: pause } = require("node:timers/promises");
const { MediaStreamTrack, PictureLossIndication, RTCPeerConnection, RtpHeader, RtpPacket, usePLI, useVP8 } = require("werift");

const peer = () =>
  new RTCPeerConnection({
    codecs: { audio: [], video: [useVP8({ rtcpFeedback: [usePLI()] })] },
    // No candidate of it is used: both peers are on loopback.
    iceServers: [{ urls: "stun:127.0.0.1:9" }],
    iceUseIpv6: false,
    iceUseIpv4: false,
    iceAdditionalHostAddresses: ["127.0.0.1"],
  });

/** How many of three requests the asked peer's transport got, and how many its sender reported. */
async function ask(direction) {
  const [asking, asked] = [peer(), peer()];
  const sent = new MediaStreamTrack({ kind: "video" });
  const track = direction === "sendrecv" ? new MediaStreamTrack({ kind: "video" }) : "video";
  const wants = asking.addTransceiver(track, { direction });
  const gives = asked.addTransceiver(sent, { direction: direction === "sendrecv" ? "sendrecv" : "sendonly" });
  const received = new Promise((resolve) => asking.onTrack.subscribe(resolve));
  const counts = { transport: 0, sender: 0 };
  await asking.setLocalDescription(await asking.createOffer());
  await asked.setRemoteDescription(asking.localDescription);
  await asked.setLocalDescription(await asked.createAnswer());
  await asking.setRemoteDescription(asked.localDescription);
  while (asking.connectionState !== "connected" || asked.connectionState !== "connected") await pause(20);
  gives.sender.onPictureLossIndication.subscribe(() => counts.sender++);
  gives.dtlsTransport.onRtcp.subscribe(({ feedback }) => {
    if (feedback instanceof PictureLossIndication && feedback.mediaSsrc === gives.sender.ssrc) counts.transport++;
  });
  sent.writeRtp(new RtpPacket(new RtpHeader({ payloadType: 96, sequenceNumber: 1, marker: true }), Buffer.from([16, 0])));
  await received;
  for (let count = 0; count < 3; count++) await wants.receiver.sendRtcpPLI(gives.sender.ssrc);
  while (counts.transport < 3) await pause(20);
  await pause(100);
  await Promise.all([asking.close(), asked.close()]);
  return counts;
}

async function check() {
  const both = await ask("sendrecv");
  const one = await ask("recvonly");
  console.log(process.version, "both ways:", both, "one way:", one);
  process.exit(both.sender === 0 && one.sender === 3 ? 0 : 1);
}

check();
SCRIPT
timeout 60 node check.cjs
