/** `kubectl gpumedia`: kubectl finds its plug-ins by their names on the PATH. */
import { runProcess } from "./process.ts";

await runProcess("kubectl gpumedia");
