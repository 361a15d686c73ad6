/** The connection is described wrongly or not at all, or does not work. The message is for who started the program. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}
