import assert from "node:assert/strict";
import type { CodecName } from "./codec.ts";
import { chooseVideo, onlyPayloadType, opusOf } from "./offered-media.ts";

/** Chromium's, shortened: its H.264 has baseline with both modes, then constrained baseline, then main and high. */
const chromium = [
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 109 115 117",
  "a=mid:0",
  "a=rtcp-fb:* nack",
  "a=rtpmap:96 VP8/90000",
  "a=rtcp-fb:96 nack pli",
  "a=rtpmap:97 rtx/90000",
  "a=fmtp:97 apt=96",
  "a=rtpmap:103 H264/90000",
  "a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
  "a=rtpmap:104 H264/90000",
  "a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f",
  "a=rtpmap:107 H264/90000",
  "a=fmtp:107 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
  "a=rtpmap:109 H264/90000",
  "a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f",
];
const first = (payloadTypes: string): readonly string[] => [
  `m=video 9 UDP/TLS/RTP/SAVPF ${payloadTypes}`,
  ...chromium.slice(1),
];
const both: readonly CodecName[] = ["VP8", "H264"];

describe("the codec of an offer's video", () => {
  const cases = [
    ["the client's first choice", chromium, both, ["VP8", "96"]],
    [
      "H.264 if the client lists it before VP8, in constrained baseline",
      first("109 103 107 96"),
      both,
      ["H264", "107"],
    ],
    ["H.264 where libvpx is not installed", chromium, ["H264"], ["H264", "107"]],
    ["VP8 where OpenH264 is not installed", first("107 96"), ["VP8"], ["VP8", "96"]],
    ["high if the client has nothing else", first("109"), both, ["H264", "109"]],
    ["VP8 if H.264 has packetization mode 0 alone", first("104 96"), both, ["VP8", "96"]],
    ["nothing if nothing is common", first("104 97"), both, undefined],
  ] as const;
  for (const [what, section, codecs, expected] of cases) {
    it(`is ${what}`, () => {
      const chosen = chooseVideo(section, codecs);
      assert.deepEqual(chosen && [chosen.codec, chosen.payloadType], expected);
    });
  }

  it("is baseline if the client names no profile", () => {
    const section = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=rtpmap:96 h264/90000", "a=fmtp:96 packetization-mode=1"];
    assert.deepEqual(chooseVideo(section, both), { codec: "H264", payloadType: "96" });
  });

  it("is alone in the section that the media process gets", () => {
    assert.deepEqual(onlyPayloadType(chromium, "107"), [
      "m=video 9 UDP/TLS/RTP/SAVPF 107",
      "a=mid:0",
      "a=rtcp-fb:* nack",
      "a=rtpmap:107 H264/90000",
      "a=fmtp:107 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
    ]);
  });
});

describe("the audio of an offer", () => {
  const media = "m=audio 9 UDP/TLS/RTP/SAVPF 63 111 8";
  it("is Opus, whatever else is there", () => {
    const lines = ["a=rtpmap:63 red/48000/2", "a=rtpmap:111 opus/48000/2", "a=rtpmap:8 PCMA/8000"];
    assert.equal(opusOf([media, ...lines]), "111");
    assert.equal(opusOf([media, ...lines.toSpliced(1, 1)]), undefined);
    assert.equal(opusOf(["m=video 9 UDP/TLS/RTP/SAVPF 111", ...lines]), undefined);
  });
});
