import assert from "node:assert/strict";
import { seededRandom } from "../testing/random.ts";
import { LiveError } from "./live-error.ts";
import { checkDirection, readFragment, readOffer } from "./offer.ts";
import { mutatedOffer } from "./testing/mutated-offer.ts";
import { offerText } from "./testing/offers.ts";

const codecs = ["VP8", "H264"] as const;

describe("an offer", () => {
  it("is read without candidates and without simulcast", () => {
    const simulcast = ["a=rid:q send", "a=simulcast:send q"];
    const more = ["a=candidate:1 1 udp 2113937151 192.0.2.1 54400 typ host", "a=end-of-candidates", ...simulcast];
    assert.deepEqual(readOffer(offerText({ more }), codecs), {
      sdp: offerText(),
      codec: "VP8",
      audio: undefined,
      startsDtls: true,
      ufrag: "Yq3d",
      direction: "sendonly",
      mid: "0",
    });
  });

  const accepted = [
    // FFmpeg's muxer for WHIP: passive, without candidates.
    ["that is passive", offerText({ setup: "passive" })],
    ["with lines that end with LF", offerText().replaceAll("\r\n", "\n")],
    ["with several codecs", offerText({ codecs: ["H264", "VP9", "vp8"] })],
    ["with its transport for all sections", offerText({ session: ["a=ice-options:trickle", "a=msid-semantic: WMS"] })],
    [
      "with audio",
      offerText({
        session: ["a=group:BUNDLE 0 1"],
        more: ["m=audio 9 UDP/TLS/RTP/SAVPF 111", ...offerText().split("\r\n").slice(6, 11), "a=rtcp-mux"],
      }),
    ],
    [
      "with a section that its client has rejected",
      offerText({ session: ["a=group:BUNDLE 0"], more: ["m=audio 0 UDP/TLS/RTP/SAVPF 0"] }),
    ],
  ] as const;
  for (const [what, text] of accepted) {
    it(`${what} is accepted`, () => {
      const { direction, startsDtls } = readOffer(text, codecs);
      assert.deepEqual([direction, startsDtls], ["sendonly", !what.includes("passive")]);
    });
  }

  const refused = [
    ["that is empty", "", "offer-malformed", "the first line of an offer is v=0"],
    ["that is no SDP", "hello", "offer-malformed", "line 1 of the offer is not SDP"],
    [
      "with a character of control",
      offerText().replace("s=-", "s=\u0007"),
      "offer-malformed",
      "line 3 of the offer is not SDP",
    ],
    [
      "of 65,537 characters",
      "v=0\n".padEnd(65_537, "a"),
      "offer-malformed",
      "the offer has 65537 characters, limit 65536",
    ],
    ["of 2001 lines", "v=0\n".repeat(2001), "offer-malformed", "the offer has 2001 lines, limit 2000"],
    ["with a long line", `v=0\ns=${"a".repeat(5000)}\n`, "offer-malformed", "line 2 of the offer is too long"],
    ["without media", "v=0\r\n", "offer-unusable", "the offer has 0 media sections, limit 8: offer one of video"],
    [
      "of audio alone",
      offerText({ media: "m=audio 9 UDP/TLS/RTP/SAVPF 111" }),
      "offer-unusable",
      "the offer has 0 sections of video over UDP/TLS/RTP/SAVPF: offer one",
    ],
    [
      "without encryption",
      offerText({ media: "m=video 9 RTP/AVP 96" }),
      "offer-unusable",
      "the offer has 0 sections of video over UDP/TLS/RTP/SAVPF: offer one",
    ],
    [
      "without a codec that can be used",
      offerText({ codecs: ["H264", "AV1"] }),
      "no-common-codec",
      "the offer has no VP8 or H264 video: add it; H264 needs packetization-mode=1 and the profile baseline, main or high",
    ],
    [
      "without a password",
      offerText().replace(/a=ice-pwd.*\r\n/, ""),
      "offer-unusable",
      "the offer lacks a valid a=ice-pwd",
    ],
    ["with SHA-1", offerText().replace("sha-256", "sha-1"), "offer-unusable", "the offer lacks a valid a=fingerprint"],
    ["with an unknown role", offerText({ setup: "holdconn" }), "offer-unusable", "the offer lacks a valid a=setup"],
    ["without rtcp-mux", offerText().replace("a=rtcp-mux\r\n", ""), "offer-unusable", "the offer lacks a=rtcp-mux"],
    [
      "with sections that are not bundled",
      offerText({ more: ["m=audio 9 UDP/TLS/RTP/SAVPF 111", ...offerText().split("\r\n").slice(6, 11)] }),
      "offer-unusable",
      "the media sections of the offer are not bundled: one transport carries all",
    ],
  ] as const;
  for (const [what, text, code, message] of refused) {
    it(`${what} is refused`, () => assert.throws(() => readOffer(text, codecs), { code, message }));
  }

  it("without VP8 is refused where libvpx alone is installed", () => {
    const text = offerText({ codecs: ["H264"], more: ["a=fmtp:96 packetization-mode=1"] });
    const message = "the offer has no VP8 video: add it";
    assert.throws(() => readOffer(text, ["VP8"]), { code: "no-common-codec", message });
  });

  const directions = [
    ["publish", "recvonly", "the video of the offer is recvonly: it must be sendonly or sendrecv"],
    ["view", "sendonly", "the video of the offer is sendonly: it must be recvonly or sendrecv"],
    ["exchange", "sendonly", "the video of the offer is sendonly: it must be sendrecv"],
  ] as const;
  for (const [kind, direction, message] of directions) {
    it(`to ${kind} is refused if its video is ${direction}`, () => {
      assert.throws(() => checkDirection({ direction }, kind), { code: "offer-unusable", message });
    });
  }

  it("is either read or refused with a problem, whatever a client changes in it", () => {
    const random = seededRandom(1917);
    const text = offerText({ session: ["a=group:BUNDLE 0"], more: ["a=candidate:1 1 udp 1 192.0.2.1 9 typ host"] });
    const refusals = { read: 0, refused: 0 };
    for (let run = 0; run < 2000; run++) {
      let mutated = text;
      for (let count = 0; count <= random() * 3; count++) mutated = mutatedOffer(mutated, random);
      try {
        const { sdp, ufrag } = readOffer(mutated, codecs);
        assert.ok(sdp.length <= 65_536 && ufrag.length >= 4);
        refusals.read++;
      } catch (error) {
        assert.ok(error instanceof LiveError, String(error));
        refusals.refused++;
      }
    }
    assert.ok(refusals.read > 100 && refusals.refused > 100, JSON.stringify(refusals));
  });
});

describe("a fragment of an offer", () => {
  it("names its ICE session", () => {
    const candidate = "a=candidate:1 1 UDP 2113937151 3f1c.local 54400 typ host generation 0";
    assert.deepEqual(readFragment(`a=ice-ufrag:Yq3d\r\na=mid:0\r\n${candidate}\r\n`), {
      ufrag: "Yq3d",
      password: undefined,
    });
    assert.deepEqual(readFragment("a=end-of-candidates\n"), { ufrag: undefined, password: undefined });
  });

  it("is refused with malformed credentials", () => {
    const refused = (line: string, name: string): void =>
      assert.throws(() => readFragment(line), {
        code: "offer-malformed",
        message: `the ${name} of the fragment is malformed`,
      });
    refused("a=ice-ufrag:a b\n", "ice-ufrag");
    refused("a=ice-pwd:short\n", "ice-pwd");
  });

  it("is refused with a malformed candidate", () => {
    const message = "a candidate of the fragment is malformed";
    assert.throws(() => readFragment("a=candidate:x\n"), { code: "offer-malformed", message });
  });
});
