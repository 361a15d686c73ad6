import assert from "node:assert/strict";
import { innerAnswer, publicAnswer, restartFragment } from "./answer.ts";

const answer = [
  "v=0",
  "m=audio 0 UDP/TLS/RTP/SAVPF 0",
  "c=IN IP4 0.0.0.0",
  "m=video 9 UDP/TLS/RTP/SAVPF 96",
  "c=IN IP4 0.0.0.0",
  "a=candidate:abc 1 udp 2116026367 127.0.0.1 42611 typ host generation 0 ufrag 4222",
  "a=end-of-candidates",
  "a=ice-ufrag:4222",
  "a=ice-lite",
  "a=ice-options:trickle",
  "a=rtcp-mux",
  "",
].join("\r\n");

describe("the answer of a media process", () => {
  it("has the port on loopback to which its packets go", () => {
    assert.deepEqual(innerAnswer(answer), { ufrag: "4222", port: 42_611 });
    assert.equal(innerAnswer(answer.replace("127.0.0.1", "192.0.2.1")), undefined);
  });

  it("reaches the client with the public addresses alone, the first one preferred, and ICE-lite for the whole session", () => {
    assert.deepEqual(publicAnswer(answer, ["192.0.2.7", "2001:db8::7"], 8080).split("\r\n"), [
      "v=0",
      "a=ice-lite",
      "m=audio 0 UDP/TLS/RTP/SAVPF 0",
      "c=IN IP4 0.0.0.0",
      "m=video 8080 UDP/TLS/RTP/SAVPF 96",
      "c=IN IP4 192.0.2.7",
      "a=ice-ufrag:4222",
      "a=candidate:1 1 udp 2130706431 192.0.2.7 8080 typ host",
      "a=candidate:2 1 udp 2130706175 2001:db8::7 8080 typ host",
      "a=end-of-candidates",
      "a=rtcp-mux",
      "",
    ]);
  });
});

describe("the answer to an ICE restart", () => {
  it("has new credentials for the transport of the first answer", () => {
    const first = publicAnswer(answer.replace("v=0", "v=0\r\na=group:BUNDLE 1"), ["192.0.2.7"], 8080);
    assert.deepEqual(restartFragment(first.replace("a=rtcp-mux", "a=mid:1"), "next", "secret").split("\r\n"), [
      "a=group:BUNDLE 1",
      "a=ice-lite",
      "m=video 8080 UDP/TLS/RTP/SAVPF 96",
      "a=mid:1",
      "a=ice-ufrag:next",
      "a=ice-pwd:secret",
      "a=candidate:1 1 udp 2130706431 192.0.2.7 8080 typ host",
      "a=end-of-candidates",
      "",
    ]);
  });
});
