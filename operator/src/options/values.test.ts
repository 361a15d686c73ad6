import assert from "node:assert/strict";
import * as value from "./values.ts";

interface Kind {
  readonly parse: (text: string) => unknown;
  readonly good: readonly (readonly [text: string, parsed: unknown])[];
  readonly bad: readonly string[];
  readonly message: RegExp;
}

const kinds: Readonly<Record<string, Kind>> = {
  duration: {
    parse: value.duration,
    good: [
      ["15s", 15_000],
      ["500ms", 500],
      ["1m30s", 90_000],
      ["1.5h", 5_400_000],
      ["2h1ms", 7_200_001],
    ],
    bad: ["", "15", "s", "15 s", "-1s", "0s", "1d", "15sec", "1s,2s", "x1s", "1..5s"],
    message: /such as 15s, 1m30s or 500ms/,
  },
  wholeNumber: {
    parse: value.wholeNumber(1, 256),
    good: [
      ["1", 1],
      ["256", 256],
    ],
    bad: ["", "0", "257", "1.5", "1e2", "-1", "0x10", " 8", "eight"],
    message: /from 1 to 256/,
  },
  listenAddress: {
    parse: value.listenAddress,
    good: [
      ["0", "off"],
      [":8081", { port: 8_081 }],
      [":0", { port: 0 }],
      ["127.0.0.1:8081", { host: "127.0.0.1", port: 8_081 }],
      ["localhost:80", { host: "localhost", port: 80 }],
      ["[::1]:65535", { host: "::1", port: 65_535 }],
    ],
    bad: ["", "8081", "1", ":65536", ":", "127.0.0.1", "::1:8081", "[::1]", "a b:80", "http://x:80", ":80a"],
    message: /such as :8081 or 127\.0\.0\.1:8081, or 0 to disable/,
  },
  namespace: {
    parse: value.namespace,
    good: [
      ["media", "media"],
      ["a".repeat(63), "a".repeat(63)],
    ],
    bad: ["", "Media", "a.b", "-a", "a-", "a".repeat(64), "a/b"],
    message: /name of a namespace/,
  },
  namespaces: {
    parse: value.namespaces,
    good: [
      ["media", ["media"]],
      ["media, staging,media", ["media", "staging"]],
    ],
    bad: ["", "media,", "media;staging"],
    message: /name of a namespace/,
  },
  objectName: {
    parse: value.objectName,
    good: [
      ["gpumedia-operator", "gpumedia-operator"],
      ["a.b-c.d", "a.b-c.d"],
    ],
    bad: ["", "a..b", "A", "a_b", "a".repeat(254)],
    message: /name of an object/,
  },
  imageName: {
    parse: value.imageName,
    good: [["registry:5000/gpumedia/processor@sha256:00", "registry:5000/gpumedia/processor@sha256:00"]],
    bad: ["", "a b"],
    message: /name of an image/,
  },
  path: { parse: value.path, good: [["/a b", "/a b"]], bad: [""], message: /a path/ },
  logLevel: {
    parse: value.logLevel,
    good: [
      ["debug", "debug"],
      ["silent", "silent"],
    ],
    bad: ["", "verbose", "INFO", "30"],
    message: /one of trace, debug, info, warn, error, fatal, silent/,
  },
  onOrOff: {
    parse: value.onOrOff,
    good: [
      ["true", true],
      ["1", true],
      ["false", false],
      ["0", false],
    ],
    bad: ["", "yes", "TRUE"],
    message: /true or false/,
  },
};

for (const [name, { parse, good, bad, message }] of Object.entries(kinds)) {
  describe(name, () => {
    for (const [text, parsed] of good) it(`reads «${text}»`, () => assert.deepEqual(parse(text), parsed));
    for (const text of bad) it(`rejects «${text}»`, () => assert.throws(() => parse(text), message));
  });
}
