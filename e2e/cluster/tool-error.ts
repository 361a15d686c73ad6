/** A program is not available; the message includes the next step. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}
