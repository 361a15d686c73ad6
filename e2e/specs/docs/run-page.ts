/** Runs a page's commands from top to bottom, and compares their output with the output on the page. */
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
  /** Port of the page's processor. */
  readonly port: number;
  /** Simulates what the cluster lacks while a command waits for it. */
  readonly meanwhile?: (command: string) => Promise<void> | undefined;
}

/** Preparations before the first command of a page, or of a section (`page#anchor`). */
export type Scenes<S> = Readonly<Record<string, (stage: S) => Promise<void>>>;

/** Programs that run until they are stopped. */
const runsOn = /^npx gpumedia-processor( dmon.*)?$/;

export async function runPage<S extends Stage>(page: string, stage: S, scenes: Scenes<S>): Promise<void> {
  const set = new Set<string>();
  for (const command of commandsOf(readPage(page))) {
    for (const scene of [page, `${page}#${command.section}`]) {
      if (!set.has(scene)) await scenes[scene]?.(stage);
      set.add(scene);
    }
    if (!notRun.some((excuse) => excuse.command.test(command.text))) await runCommand(page, command, stage);
  }
  const unused = Object.keys(scenes).filter((scene) => scene.split("#")[0] === page && !set.has(scene));
  assert.deepEqual(unused, [], "the page does not have these headings");
}

async function runCommand(page: string, command: Command, stage: Stage): Promise<void> {
  const where = `${page}:${command.line}: ${command.text}`;
  const text = forTests(command.text, stage.port);
  if (runsOn.test(text)) return serve(text, stage);
  const [printed] = await Promise.all([stage.shell.run(text), stage.meanwhile?.(text)]);
  assert.ok(isFine(text, printed), `${where} exited with code ${printed.code}: ${printed.stderr}${printed.stdout}`);
  await assertPicture(text, stage.shell);
  if (command.output === "" || page in shownElsewhere) return;
  const missing = missingLine(command.output, printed.stdout);
  assert.equal(missing, undefined, `${where} does not print the line. Output:\n${printed.stdout}`);
}

/** Starts a program and waits until it is ready or has printed a line. */
export async function serve(command: string, { shell, port }: Stage): Promise<void> {
  const printed = shell.start(command);
  await until(`${command} to serve`, async () => {
    if (printed().includes("\n")) return true;
    const answer = await request(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    await answer?.body.dump();
    return answer?.statusCode === 200;
  });
}

/** Uses a free port and short durations. */
function forTests(command: string, port: number): string {
  return command.replaceAll("localhost:8080", `localhost:${port}`).replaceAll("--duration 24s", "--duration 2s");
}

/** A busy machine may miss a threshold; that is not an error of the page. */
function isFine(command: string, { code }: Printed): boolean {
  return code === 0 || (code === 1 && /^npx gpumedia-loadtest .*--threshold/.test(command));
}

/** curl exits with 0 for every response: check that it wrote a picture. */
async function assertPicture(command: string, { directory }: Shell): Promise<void> {
  const file = /^curl .*> (\S+\.jpg)$/.exec(command)?.[1];
  if (file === undefined) return;
  const bytes = await readFile(join(directory, file));
  assert.equal(bytes.subarray(0, 2).toString("hex"), "ffd8", bytes.toString("latin1"));
}
