#!/usr/bin/env node
import { launch } from "../../bin/launch.js";

await launch(new URL("../src/cli/kubectl-main.ts", import.meta.url));
