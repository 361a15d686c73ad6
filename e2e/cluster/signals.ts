/** Keeps the process running until Ctrl-C, `kill` or the end of its terminal. */
export async function untilSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, resolve);
  // A signal listener does not keep the process running.
  const held = setInterval(() => {}, 2 ** 30);
  const signal = await promise;
  clearInterval(held);
  return signal;
}
