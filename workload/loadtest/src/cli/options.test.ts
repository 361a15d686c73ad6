import assert from "node:assert/strict";
import { type CompareOptions, type RunOptions, parseOptions } from "./options.ts";

const forever = Number.POSITIVE_INFINITY;
const url = ["--url", "http://upscaler.media"];
const baseline: RunOptions = {
  kind: "run",
  url: new URL("http://upscaler.media/v1/process"),
  scenario: "baseline",
  load: { requests: 100, concurrency: 10, durationMs: forever, ratePerSecond: null, timeoutMs: 30_000 },
  warmup: 50,
  images: [],
  headers: {},
  expectScale: null,
  thresholds: [{ metric: "errors", limit: 0 }],
  against: null,
  json: null,
  html: null,
  terminationMessage: null,
  quiet: false,
};

describe("a valid command line", () => {
  const cases: readonly { args: readonly string[]; options: RunOptions | CompareOptions }[] = [
    { args: url, options: baseline },
    {
      args: ["--url", "https://127.0.0.1:8443/infer?model=s#top"],
      options: { ...baseline, url: new URL("https://127.0.0.1:8443/infer?model=s") },
    },
    {
      args: [...url, "--scenario", "stress", "--threshold", "p95=20ms", "--threshold", "errors=0.1%"],
      options: {
        ...baseline,
        scenario: "stress",
        load: { ...baseline.load, requests: 1000, concurrency: 50 },
        thresholds: [
          { metric: "p95", limit: 20 },
          { metric: "errors", limit: 0.1 },
        ],
      },
    },
    {
      args: [...url, "--rate", "200", "--duration", "1m", "--timeout", "5s", "--warmup", "0", "--concurrency", "64"],
      options: {
        ...baseline,
        scenario: "custom",
        load: { requests: forever, concurrency: 64, durationMs: 60_000, ratePerSecond: 200, timeoutMs: 5000 },
        warmup: 0,
      },
    },
    {
      args: [...url, ..."--image a.jpg b.png --image c.webp --expect-scale 2 --header Accept:image/webp".split(" ")],
      options: { ...baseline, images: ["a.jpg", "b.png", "c.webp"], expectScale: 2, headers: { accept: "image/webp" } },
    },
    {
      args: [...url, ..."--scenario live --sessions 2 --frames-per-second 12.5 --token secret".split(" ")],
      options: {
        ...baseline,
        url: new URL("http://upscaler.media/v1/exchange"),
        scenario: "live",
        load: { requests: forever, concurrency: 2, durationMs: 30_000, ratePerSecond: 25, timeoutMs: 30_000 },
        headers: { authorization: "Bearer secret" },
      },
    },
    {
      args: [...url, "--json", "-", "--html", "r.html", "--termination-message", "/dev/termination-log", "--quiet"],
      options: { ...baseline, json: "-", html: "r.html", terminationMessage: "/dev/termination-log", quiet: true },
    },
    {
      args: [...url, "--against", "before.json"],
      options: { ...baseline, against: { file: "before.json", tolerancePercent: 10 } },
    },
    {
      args: ["compare", "now.json", "--against", "before.json", "--tolerance", "5%"],
      options: { kind: "compare", file: "now.json", against: { file: "before.json", tolerancePercent: 5 } },
    },
  ];
  for (const { args, options } of cases) it(args.join(" "), () => assert.deepEqual(parseOptions(args), options));
});

describe("an invalid command line is rejected with one line", () => {
  const values: readonly (readonly [flag: string, value: string, expected: string])[] = [
    ["--url <url>", "upscaler", "Expected http://host[:port][/path]."],
    ["--url <url>", "ftp://host", "Expected http://host[:port][/path]."],
    ["--url <url>", "http://me:secret@host", "Pass credentials with --header: the report contains the URL."],
    ["--scenario <name>", "soak", "Known scenarios: baseline, stress, endurance, live, custom."],
    ["--requests <n>", "0", "Expected a positive integer."],
    ["--concurrency <n>", "20001", "Expected an integer from 1 to 20000."],
    ["--duration <time>", "0s", "Expected a duration such as 30s."],
    ["--timeout <time>", "2h", "Expected a duration such as 30s, up to 1h."],
    ["--rate <n>", "0", "Expected a number of at least 0.001."],
    ["--warmup <n>", "-1", "Expected an integer of at least 0."],
    ["--sessions <n>", "1001", "Expected an integer from 1 to 1000."],
    ["--frames-per-second <n>", "121", "Expected a number from 0.001 to 120."],
    ["--expect-scale <n>", "x", "Expected a positive number."],
    ["--header <name:value>", "Accept", 'Expected "Name: value".'],
    ["--header <name:value>", "X: a\r\nY: b", 'Expected "Name: value".'],
    ["--threshold <metric=limit>", "p95=20", "p95 needs a duration such as 20ms."],
    ["--tolerance <percent>", "10", "Expected a percentage such as 10%."],
  ];
  for (const [flag, value, expected] of values) {
    it(`${flag}: ${value}`, () => {
      const text = `option '${flag}' argument '${value.replace("\r\n", " ")}' is invalid. ${expected}`;
      assert.deepEqual(parseOptions([...url, flag.split(" ")[0] ?? "", value]), { kind: "wrong", text });
    });
  }

  const cases: readonly { args: readonly string[]; text: string }[] = [
    { args: [], text: "--url is required" },
    { args: [...url, "--rat", "5"], text: "unknown option '--rat' (Did you mean --rate?)" },
    { args: [...url, "extra"], text: "too many arguments. Expected 0 arguments but got 1." },
    { args: [...url, "--scenario", "custom"], text: "scenario custom requires --requests or --duration" },
    { args: [...url, "--threshold", "p95=1s", "--threshold", "p95=2s"], text: "--threshold p95 is set twice" },
    { args: ["compare", "now.json"], text: "required option '--against <file>' not specified" },
    { args: ["compare", "--against", "before.json"], text: "missing required argument 'file'" },
    {
      args: ["compare", "a", "--against", "b", "--tolerance", "10"],
      text: "option '--tolerance <percent>' argument '10' is invalid. Expected a percentage such as 10%.",
    },
  ];
  for (const { args, text } of cases) {
    it(args.join(" ") || "no arguments", () => assert.deepEqual(parseOptions(args), { kind: "wrong", text }));
  }
});

describe("help", () => {
  for (const args of [["--help"], ["compare", "--help"]]) {
    it(`${args.join(" ")} fits 80 columns`, () => {
      const answer = parseOptions(args);
      assert.ok(answer.kind === "help");
      assert.match(answer.text, /^Usage: gpumedia-loadtest /);
      assert.doesNotMatch(answer.text, /.{81}/);
    });
  }

  it("names every flag, every metric and every exit status", () => {
    const answer = parseOptions(["--help"]);
    assert.ok(answer.kind === "help");
    const flags =
      "url scenario requests concurrency duration rate sessions frames-per-second warmup timeout image header token expect-scale threshold against tolerance json html termination-message quiet";
    const words = [
      ...flags.split(" ").map((flag) => `  --${flag} `),
      "mean, p50, p90, p95, p99, p99.9, max, errors, rejected, rps",
      "0 passed, 1 failed, 2 invalid usage, 3 target unreachable",
    ];
    assert.deepEqual(
      words.filter((word) => !`${answer.text} `.includes(word)),
      [],
    );
  });
});
