import assert from "node:assert/strict";
import { allowedUrl, redirectedUrl } from "./allowed-url.ts";
import { HttpProblem } from "../problem.ts";

const hosts = [
  "images.example.com",
  "*.cdn.example.com",
  "store.example.com:9000",
  "[2606:4700::1111]",
  "Mixed.Example",
];

describe("URLs that may be fetched", () => {
  const cases: readonly { readonly url: string; readonly outcome: string }[] = [
    { url: "https://images.example.com/a.jpg?w=1#part", outcome: "https://images.example.com/a.jpg?w=1" },
    { url: "http://images.example.com/a.jpg", outcome: "http://images.example.com/a.jpg" },
    { url: "https://IMAGES.example.com./a.jpg", outcome: "https://images.example.com./a.jpg" },
    { url: "https://mixed.example/", outcome: "https://mixed.example/" },
    { url: "https://a.cdn.example.com/", outcome: "https://a.cdn.example.com/" },
    { url: "https://a.b.cdn.example.com/", outcome: "https://a.b.cdn.example.com/" },
    { url: "http://store.example.com:9000/x", outcome: "http://store.example.com:9000/x" },
    { url: "https://[2606:4700::1111]/", outcome: "https://[2606:4700::1111]/" },
    { url: "https://cdn.example.com/", outcome: "host-not-allowed" },
    { url: "https://.cdn.example.com/", outcome: "host-not-allowed" },
    { url: "https://evilcdn.example.com/", outcome: "host-not-allowed" },
    { url: "https://images.example.com.evil.test/", outcome: "host-not-allowed" },
    { url: "https://images.example.com:8443/", outcome: "host-not-allowed" },
    { url: "http://store.example.com/", outcome: "host-not-allowed" },
    { url: "http://169.254.169.254/latest/meta-data", outcome: "host-not-allowed" },
    { url: "http://2852039166/", outcome: "host-not-allowed" },
    { url: "https://images.example.com@evil.test/", outcome: "url-invalid" },
    { url: "https://user:secret@images.example.com/", outcome: "url-invalid" },
    { url: "file:///etc/passwd", outcome: "url-invalid" },
    { url: "gopher://images.example.com/", outcome: "url-invalid" },
    { url: "data:image/png;base64,AAAA", outcome: "url-invalid" },
    { url: "//images.example.com/a.jpg", outcome: "url-invalid" },
    { url: "/a.jpg", outcome: "url-invalid" },
    { url: "", outcome: "url-invalid" },
  ];
  for (const { url, outcome } of cases) {
    it(`${url} is ${outcome}`, () =>
      assert.equal(
        outcomeOf(() => allowedUrl(url, hosts)),
        outcome,
      ));
  }

  it("are none when no host is allowed", () => {
    assert.equal(
      outcomeOf(() => allowedUrl("https://images.example.com/a.jpg", [])),
      "host-not-allowed",
    );
  });
});

describe("redirects that may be followed", () => {
  const from = "https://images.example.com/a/b.jpg";
  const cases: readonly { readonly location: string; readonly outcome: string }[] = [
    { location: "c.jpg", outcome: "https://images.example.com/a/c.jpg" },
    { location: "//a.cdn.example.com/c.jpg", outcome: "https://a.cdn.example.com/c.jpg" },
    { location: "http://images.example.com/a/b.jpg", outcome: "redirect-not-allowed" },
    { location: "https://evil.test/", outcome: "redirect-not-allowed" },
    { location: "https://169.254.169.254/", outcome: "redirect-not-allowed" },
    { location: "https://user@images.example.com/", outcome: "redirect-not-allowed" },
    { location: "javascript:alert(1)", outcome: "redirect-not-allowed" },
    { location: "https://[", outcome: "redirect-not-allowed" },
  ];
  for (const { location, outcome } of cases) {
    it(`${location} is ${outcome}`, () => {
      assert.equal(
        outcome,
        outcomeOf(() => redirectedUrl(new URL(from), location, hosts)),
      );
    });
  }

  it("lead from http to https", () => {
    assert.equal(
      redirectedUrl(new URL("http://images.example.com/a"), "https://images.example.com/a", hosts).protocol,
      "https:",
    );
  });
});

function outcomeOf(check: () => URL): string {
  try {
    return check().href;
  } catch (error) {
    assert.ok(error instanceof HttpProblem);
    return error.code;
  }
}
