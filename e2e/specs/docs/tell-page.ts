/** Runs a page's commands from top to bottom, and compares what they print with what the page shows. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import { until } from "../../cluster/until.ts";
import { readPage } from "../../docs/pages.ts";
import { commandsOf, missingLine, type Command } from "../../docs/shell-blocks.ts";
import { notRun, shownElsewhere } from "../../docs/excuses.ts";
import type { Printed, Shell } from "./shell.ts";

export interface Stage {
  readonly shell: Shell;
  /** Where the page's processor listens. */
  readonly port: number;
  /** Plays a part that the cluster lacks, while a command waits for it. */
  readonly meanwhile?: (command: string) => Promise<void> | undefined;
}

/** What is made ready before a page's first command, or before the first below a heading (`page#anchor`). */
export type Scenes<S> = Readonly<Record<string, (stage: S) => Promise<void>>>;

/** Programs that go on until they are ended. */
const goesOn = /^npx gpumedia-processor( dmon.*)?$/;

export async function tellPage<S extends Stage>(page: string, stage: S, scenes: Scenes<S>): Promise<void> {
  const set = new Set<string>();
  for (const command of commandsOf(readPage(page))) {
    for (const scene of [page, `${page}#${command.section}`]) {
      if (!set.has(scene)) await scenes[scene]?.(stage);
      set.add(scene);
    }
    if (!notRun.some((excuse) => excuse.command.test(command.text))) await tell(page, command, stage);
  }
  const unused = Object.keys(scenes).filter((scene) => scene.split("#")[0] === page && !set.has(scene));
  assert.deepEqual(unused, [], "headings that the page does not have");
}

async function tell(page: string, command: Command, stage: Stage): Promise<void> {
  const where = `${page}:${command.line}: ${command.text}`;
  const text = forTests(command.text, stage.port);
  if (goesOn.test(text)) return serve(text, stage);
  const [printed] = await Promise.all([stage.shell.run(text), stage.meanwhile?.(text)]);
  assert.ok(isFine(text, printed), `${where} ended with ${printed.code}: ${printed.stderr}${printed.stdout}`);
  await assertPicture(text, stage.shell);
  if (command.output === "" || page in shownElsewhere) return;
  const missing = missingLine(command.output, printed.stdout);
  assert.equal(missing, undefined, `${where} prints no such line, but:\n${printed.stdout}`);
}

/** Starts what goes on, until a processor is ready or what prints has printed a line. */
export async function serve(command: string, { shell, port }: Stage): Promise<void> {
  const printed = shell.start(command);
  await until(`${command} to serve`, async () => {
    if (printed().includes("\n")) return true;
    const answer = await request(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    await answer?.body.dump();
    return answer?.statusCode === 200 ? true : undefined;
  });
}

/** On a port that is free, and no longer than a test may take. */
function forTests(command: string, port: number): string {
  return command.replaceAll("localhost:8080", `localhost:${port}`).replaceAll("--duration 24s", "--duration 2s");
}

/** A threshold that a busy machine misses is no mistake of the page's. */
function isFine(command: string, { code }: Printed): boolean {
  return code === 0 || (code === 1 && /^npx gpumedia-loadtest .*--threshold/.test(command));
}

/** curl ends with 0 whatever the answer is: what it was to write must be a picture. */
async function assertPicture(command: string, { directory }: Shell): Promise<void> {
  const file = /^curl .*> (\S+\.jpg)$/.exec(command)?.[1];
  if (file === undefined) return;
  const bytes = await readFile(join(directory, file));
  assert.equal(bytes.subarray(0, 2).toString("hex"), "ffd8", bytes.toString("latin1"));
}
