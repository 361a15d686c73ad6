/** What the Open Inference Protocol answers instead of a result: a status and `{"error": "…"}`. */
export class OipError extends Error {
  readonly statusCode: 400 | 404 | 413;

  constructor(statusCode: OipError["statusCode"], message: string) {
    super(message);
    this.name = "OipError";
    this.statusCode = statusCode;
  }
}

export function badRequest(message: string): OipError {
  return new OipError(400, message);
}
