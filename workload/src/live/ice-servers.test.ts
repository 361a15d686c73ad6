import assert from "node:assert/strict";
import { iceServerLinks } from "./ice-servers.ts";

describe("the ICE servers of clients", () => {
  const iceServers = ["stun:stun.example.com", "turn:turn.example.com:3478?transport=tcp"];

  it("are links, with credentials of a day for TURN", () => {
    // printf 1767312000 | openssl dgst -sha1 -hmac north -binary | base64
    const credential = "DcQLgRGhILmGvQJGJXGgcWXd06k=";
    assert.deepEqual(iceServerLinks({ iceServers, turnSecret: "north" }, 1_767_225_600.9), [
      '<stun:stun.example.com>; rel="ice-server"',
      `<turn:turn.example.com:3478?transport=tcp>; rel="ice-server"; username="1767312000"; credential="${credential}"; credential-type="password"`,
    ]);
  });

  it("have no credentials where the servers require none", () => {
    assert.deepEqual(iceServerLinks({ iceServers, turnSecret: "" }, 0), [
      '<stun:stun.example.com>; rel="ice-server"',
      '<turn:turn.example.com:3478?transport=tcp>; rel="ice-server"',
    ]);
  });

  it("are none by default", () => {
    assert.deepEqual(iceServerLinks({ iceServers: [], turnSecret: "" }, 0), []);
  });
});
