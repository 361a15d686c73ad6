import assert from "node:assert/strict";
import * as fc from "fast-check";
import { Markup, html } from "./markup.ts";

describe("html", () => {
  const evil = `<img src=x onerror="alert('&')">`;
  const escaped = "&#60;img src=x onerror=&#34;alert(&#39;&#38;&#39;)&#34;&#62;";
  const item = html`<i>${evil}</i>`;
  const cases = {
    "plain text": { markup: html`<p>text</p>`, text: "<p>text</p>" },
    "an inserted text": {
      markup: html`<p title="${evil}">${evil}</p>`,
      text: `<p title="${escaped}">${escaped}</p>`,
    },
    "markup inside markup": {
      markup: html`<b>${item}</b>`,
      text: `<b><i>${escaped}</i></b>`,
    },
    "a list": { markup: html`${[1, "<", html`<b>`]}`, text: "1&#60;<b>" },
    nothing: { markup: html`a${null}b${false}c${[]}`, text: "abc" },
    zero: { markup: html`${0}`, text: "0" },
    "a coordinate": { markup: html`${[98.199_999, -0.04]}`, text: "98.20" },
    "trusted text": { markup: html`${new Markup("<i>")}`, text: "<i>" },
  };
  for (const [name, { markup, text }] of Object.entries(cases)) it(name, () => assert.equal(markup.text, text));

  it("lets no inserted text open a tag, a reference or an attribute", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const inserted = html`${text}`.text;
        assert.doesNotMatch(inserted.replaceAll(/&#\d+;/g, ""), /[<>&"']/);
        assert.equal(
          inserted.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))),
          text,
        );
      }),
    );
  });
});
