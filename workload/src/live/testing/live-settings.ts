/** Settings of live video for tests. */
import type { LiveOptions } from "../live.ts";

export const liveSettings: LiveOptions["settings"] = {
  enabled: true,
  udpHost: undefined,
  udpPort: 0,
  publicAddresses: [],
  publicPort: null,
  sessionsPerProcess: 1,
  peers: "",
  token: "",
  iceServers: [],
  iceTransportPolicy: "all",
  turnSecret: "",
  limits: { sessions: 3, pixels: 100_000, framesPerSecond: 30, kilobitsPerSecond: 2500 },
  timeouts: { connectMs: 15_000, silentMs: 8000 },
};
