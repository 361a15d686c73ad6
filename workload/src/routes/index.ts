/** All routes; their order does not matter. */
import { health } from "./health.ts";
import { liveRoutes } from "./live/live.ts";
import { oipRoutes } from "./oip/oip.ts";
import { operations } from "./operations.ts";
import { processPicture } from "./process.ts";
import { profiling } from "./profiling/profiling.ts";
import { root } from "./root/root.ts";
import type { Route } from "./route.ts";
import { streamRoute } from "./stream/stream.ts";
import { processUrl } from "./upstream/process-url.ts";

export const routes: readonly Route[] = [
  health,
  operations,
  processPicture,
  oipRoutes,
  processUrl,
  streamRoute,
  liveRoutes,
  root,
  profiling,
];
