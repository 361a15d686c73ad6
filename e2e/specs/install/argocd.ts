/** Runs Argo CD's health checks with Argo CD's Lua implementation, and in its sandbox. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { KubernetesObject } from "../../cluster/rest.ts";
import { tool } from "../../cluster/tools.ts";

/** Argo CD loads only the basic and the table functions; see its util/lua. */
const sandbox = `
getmetatable("").__index = nil
for _, name in ipairs({ "channel", "coroutine", "debug", "dofile", "io", "load", "loadfile", "math", "string" }) do
  _G[name] = nil
end
`;

export interface Health {
  readonly status: string;
  readonly message: string;
}

/** Returns the objects' health by the checks in Argo CD's configuration. Writes the program to `file`. */
export async function healthOf(
  configuration: Readonly<Record<string, string>>,
  objects: readonly KubernetesObject[],
  file: string,
): Promise<readonly Health[]> {
  const checks = objects.map((object) => {
    const check = configuration[`resource.customizations.health.gpumedia.io_${object.kind}`];
    if (check === undefined) throw new Error(`no health check for ${object.kind}`);
    return `report((function(obj)\n${check}\nend)(${luaValue(object)}))`;
  });
  const report = `local function report(health) print(health.status .. "\\t" .. health.message) end`;
  await writeFile(file, [sandbox, report, ...checks].join("\n"));
  const { stdout } = await promisify(execFile)(await tool("glua"), [file]);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [status = "", message = ""] = line.split("\t");
      return { status, message };
    });
}

function luaValue(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaValue).join(",")}}`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, member]) => `[${luaValue(key)}]=${luaValue(member)}`)
      .join(",")}}`;
  }
  if (typeof value === "string")
    return `"${[...Buffer.from(value)].map((byte) => `\\${String(byte).padStart(3, "0")}`).join("")}"`;
  return value === null ? "nil" : JSON.stringify(value);
}
