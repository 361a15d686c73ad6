/** Opens a model: its session, and what it does with pictures. */
import type { ModelContract, ModelOptions } from "../core/model-contract.ts";
import type { Accelerator, Optimization } from "../core/tensor.ts";
import { fasterSession } from "./faster-session.ts";
import { learnContract } from "./learn-contract.ts";
import { openSession, type ModelSession } from "./session.ts";
import { warmUp } from "./trial.ts";
import { verifyContract } from "./verify-contract.ts";

/** What the first worker finds out, and the others take over: all must return the same bytes. */
export interface LearnedModel {
  readonly optimization: Optimization;
  readonly contract: ModelContract;
}

export interface OpenedModel extends LearnedModel {
  readonly session: ModelSession;
}

export interface ModelSource {
  readonly file: string;
  readonly accelerator: Accelerator;
  readonly options: ModelOptions;
  /** Undefined: to be found out. */
  readonly learned?: LearnedModel | undefined;
}

/** Warmed up. @throws {ModelMismatch}, or onnxruntime's error if the file cannot be loaded */
export async function openModel({ file, accelerator, options, learned }: ModelSource): Promise<OpenedModel> {
  const session = await openSession(file, accelerator, learned?.optimization);
  if (learned !== undefined) {
    await warmUp(session, learned.contract);
    return { session, ...learned };
  }
  const declared = await learnContract(session, options);
  const contract = options.verify ? await verifyContract(session, declared) : declared;
  if (accelerator === "cpu") return { ...(await fasterSession(file, session, contract)), contract };
  await warmUp(session, contract);
  return { session, optimization: "all", contract };
}
