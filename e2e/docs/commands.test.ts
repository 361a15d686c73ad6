/** Every page with commands belongs to a spec of `e2e/specs/docs`, every excuse is needed, and every named target exists. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { notRun, shownElsewhere, pagesBySpec } from "./excuses.ts";
import { pages, readPage, root } from "./pages.ts";
import { commandsOf } from "./shell-blocks.ts";

const withCommands = pages.filter((page) => commandsOf(readPage(page)).length > 0);
const commands = withCommands.flatMap((page) => commandsOf(readPage(page)).map(({ text }) => text));
const isExcused = (text: string): boolean => notRun.some(({ command }) => command.test(text));

describe("the commands of the pages", () => {
  it("are run, each page by one spec: name a new page in e2e/docs/excuses.ts", () => {
    assert.deepEqual(Object.values(pagesBySpec).flat().toSorted(), withCommands);
  });

  it("are all excused on pages that no spec runs", () => {
    const unexcused = pagesBySpec.nothing.flatMap((page) =>
      commandsOf(readPage(page)).filter(({ text }) => !isExcused(text)),
    );
    assert.deepEqual(unexcused, []);
  });

  for (const { command, because } of notRun) {
    it(`still need the excuse ${command}: ${because}`, () => assert.ok(commands.some((text) => command.test(text))));
  }

  for (const [page, elsewhere] of Object.entries(shownElsewhere)) {
    it(`of ${page} show an output, which ${elsewhere} compares`, () =>
      assert.ok(commandsOf(readPage(page)).some(({ output }) => output !== "")));
  }

  it("name make targets, npm scripts and npx programs that exist, in the text as well", () => {
    const text = pages.map(readPage).join("\n");
    const named = (pattern: RegExp): readonly string[] => [
      ...new Set([...text.matchAll(pattern)].map(([, name = ""]) => name)),
    ];
    const makefile = readFileSync(`${root}Makefile`, "utf8");
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { scripts: object };
    const programs = new Set(["gpumedia", "gpumedia-operator", "gpumedia-processor", "gpumedia-loadtest"]);
    const missing = [
      ...named(/^(?:\$ )?make ([a-z-]+)/gm).filter((target) => !makefile.includes(`\n${target}:`)),
      ...named(/`make ([a-z-]+)`/g).filter((target) => !makefile.includes(`\n${target}:`)),
      ...named(/`npm run ([a-z:-]+)/g).filter((script) => !(script in scripts)),
      ...named(/^(?:\$ )?npx (gpumedia[a-z-]*)/gm).filter((program) => !programs.has(program)),
    ];
    assert.deepEqual(missing, []);
  });
});
