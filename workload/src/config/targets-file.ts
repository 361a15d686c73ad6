/** Reads the service's targets, which the operator writes beside the configuration file. They change while the processor runs. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { quickCompile } from "@gpumedia/api/src/schema/quick-compile.ts";
import { serviceTargets, targetsFileName, type ServiceTargets } from "@gpumedia/api/src/service-targets.ts";
import { Ajv } from "ajv";

const validate = new Ajv({ strict: false, ...quickCompile }).compile<ServiceTargets>(serviceTargets);

/** Returns undefined without a file, as outside a GpuMediaService, and for a file that is invalid. */
export async function readTargets(configFile: string | undefined): Promise<ServiceTargets | undefined> {
  if (configFile === undefined) return undefined;
  const text = await readFile(join(dirname(configFile), targetsFileName), "utf8").catch(() => undefined);
  return text === undefined ? undefined : parsed(text);
}

function parsed(text: string): ServiceTargets | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return validate(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
