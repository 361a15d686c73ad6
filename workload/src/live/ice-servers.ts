/** The ICE servers that clients should use, as Link headers (RFC 9725, section 4.6). Pure. */
import { createHmac } from "node:crypto";

export interface IceServers {
  /** `stun:`, `stuns:`, `turn:` and `turns:` URLs. */
  readonly iceServers: readonly string[];
  /** Shared with the TURN servers, such as coturn's `static-auth-secret`; empty: they require no credentials. */
  readonly turnSecret: string;
}

const dayS = 24 * 60 * 60;

/**
 * A value of the Link header for each server. The credentials of TURN servers are valid for a day: whoever gets them cannot keep the relay
 * (draft-uberti-behave-turn-rest-00, which coturn and STUNner implement). `nowS`: seconds since 1970.
 */
export function iceServerLinks({ iceServers, turnSecret }: IceServers, nowS: number): readonly string[] {
  const username = String(Math.floor(nowS) + dayS);
  const credential = createHmac("sha1", turnSecret).update(username).digest("base64");
  const secret = `; username="${username}"; credential="${credential}"; credential-type="password"`;
  return iceServers.map((url) => {
    const needsCredentials = turnSecret !== "" && url.startsWith("turn");
    return `<${url}>; rel="ice-server"${needsCredentials ? secret : ""}`;
  });
}
