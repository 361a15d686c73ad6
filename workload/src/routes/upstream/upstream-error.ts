/** Why a picture could not be fetched. The status is what our own answer gets. */

/** | code | status | meaning |, also in docs/processor-api.md. */
export const upstreamStatus = {
  UrlInvalid: 400,
  HostNotAllowed: 403,
  AddressNotAllowed: 403,
  UpstreamNotFound: 404,
  RedirectNotAllowed: 502,
  TooManyRedirects: 502,
  UpstreamUnreachable: 502,
  UpstreamRefused: 502,
  UpstreamNotAnImage: 502,
  UpstreamTooLarge: 502,
  UpstreamBusy: 503,
  UpstreamTimeout: 504,
} as const satisfies Record<string, number>;

export type UpstreamCode = keyof typeof upstreamStatus;

export class UpstreamError extends Error {
  readonly code: UpstreamCode;
  readonly statusCode: number;

  constructor(code: UpstreamCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "UpstreamError";
    this.code = code;
    this.statusCode = upstreamStatus[code];
  }
}
