/** Resolves when the process is asked to end, by Ctrl-C, `kill` or the end of its terminal; until then it doesn't end. */
export async function untilEnded(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, resolve);
  // A listener for signals alone keeps no process running.
  const held = setInterval(() => {}, 2 ** 30);
  const signal = await promise;
  clearInterval(held);
  return signal;
}
