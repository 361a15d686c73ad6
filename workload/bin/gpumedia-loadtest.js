#!/usr/bin/env node
import { launch } from "./launch.js";

await launch(new URL("../src/loadtest/main.ts", import.meta.url));
