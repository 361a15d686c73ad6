/** Settings of live video for tests: the defaults, a free port, and limits that a test reaches. */
import { settingsOf } from "../../config/settings.ts";

export const liveSettings = settingsOf({
  live: { enabled: true, udpPort: 0, limits: { sessions: 3, pixels: 100_000 } },
}).live;
