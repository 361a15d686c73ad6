/** All routes, in no order that matters. */
import { development } from "./development/development.ts";
import { health } from "./health.ts";
import { metrics } from "./metrics.ts";
import { oipRoutes } from "./oip/oip.ts";
import { openApi } from "./openapi/openapi.ts";
import { processPicture } from "./process.ts";
import type { Route } from "./route.ts";
import { profiling } from "./profiling/profiling.ts";
import { streamRoute } from "./stream/stream.ts";
import { processUrl } from "./upstream/process-url.ts";
import { utilization } from "./utilization.ts";

export const routes: readonly Route[] = [
  health,
  metrics,
  utilization,
  processPicture,
  oipRoutes,
  processUrl,
  streamRoute,
  openApi,
  development,
  profiling,
];
