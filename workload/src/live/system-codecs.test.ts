import assert from "node:assert/strict";
import { CodecMissing, type VideoCodec } from "./codec.ts";
import { openSystemCodecs } from "./system-codecs.ts";

const vp8: VideoCodec = {
  name: "VP8",
  version: "1",
  openDecoder: () => assert.fail(),
  openEncoder: () => assert.fail(),
};
const missing = (message: string) => (): VideoCodec => {
  throw new CodecMissing(message);
};

describe("the codecs of a machine", () => {
  it("are those that are installed, with what to install for the others", () => {
    assert.deepEqual(openSystemCodecs([() => vp8, missing("install libopenh264-7")]), {
      codecs: [vp8],
      missing: ["install libopenh264-7"],
    });
  });

  it("are at least one", () => {
    assert.throws(() => openSystemCodecs([missing("install libvpx7"), missing("install libopenh264-7")]), {
      name: "CodecMissing",
      message: "install libvpx7; or for H.264: install libopenh264-7",
    });
  });
});
