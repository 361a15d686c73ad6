/** One line of JSON per event on standard error. */
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";

export type { Logger } from "pino";

export function createLogger(
  level: string,
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Logger {
  const options = {
    level,
    // The log collector adds pod and node to each line.
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    errorKey: "error",
    serializers: { error: pino.stdSerializers.err },
  };
  return pino(options, destination);
}
