/**
 * Where Node keeps compiled code: our programs then start with half of the CPU time. A program writes it when it exits, unless it
 * is killed. Other users cannot write to this folder, unlike one in /tmp.
 */
import { join } from "node:path";
import { cacheDirectory } from "./tools.ts";

export const compileCache = process.env.NODE_COMPILE_CACHE ?? join(cacheDirectory(), "compiled");
