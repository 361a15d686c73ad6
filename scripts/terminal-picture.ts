/**
 * Renders the output of a command as a screenshot of a terminal, for the docs:
 *
 *     kubectl get gms -A -o wide | node scripts/terminal-picture.ts docs/images/get-wide.png 'kubectl get gms -A -o wide' 165
 *
 * Needs Chromium at /usr/bin/chromium (Debian: chromium).
 */
import { text } from "node:stream/consumers";
import { chromium } from "playwright-core";

const [, , file, command, columns = "100"] = process.argv;
if (file === undefined || command === undefined)
  throw new Error("usage: … | terminal-picture.ts FILE COMMAND [COLUMNS]");

const escaped = (raw: string): string => raw.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const printed = escaped((await text(process.stdin)).trimEnd());
const page = `<!doctype html><meta charset="utf-8"><style>
  body { margin: 0; display: inline-block; background: #1c1f26; border-radius: 8px; padding: 14px 18px }
  pre { margin: 0; width: ${columns}ch; font: 14px/1.35 "DejaVu Sans Mono", monospace; color: #d8dee9; white-space: pre-wrap; word-break: break-all }
  b { color: #a3be8c; font-weight: normal }
</style><pre><b>$ ${escaped(command)}</b>\n${printed}</pre>`;

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
try {
  const tab = await browser.newPage({ deviceScaleFactor: 1 });
  await tab.setContent(page);
  await tab.locator("body").screenshot({ path: file, omitBackground: true });
} finally {
  await browser.close();
}
