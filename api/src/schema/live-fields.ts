/** Live video: what a service's spec and the processor's configuration have in common. */
import { list, oneOf, text } from "./scalars.ts";

/** Whether it is an address is checked where it is used: a pattern for IPv6 would be longer than this file. */
export const addressPattern = "^[0-9a-fA-F.:]+$";
export const iceServerPattern = "^(stuns?|turns?):[A-Za-z0-9.:\\[\\]-]+(\\?transport=(udp|tcp))?$";

export function publicAddresses(description: string) {
  return list("set", { description, maxItems: 8 }, text("An IP address.", 45, addressPattern));
}

export function iceServers(description: string) {
  return list(
    "set",
    { description, maxItems: 8 },
    text("A URL such as turn:turn.example.com:3478?transport=tcp.", 256, iceServerPattern),
  );
}

/** The words of WebRTC's RTCIceTransportPolicy. */
export function iceTransportPolicy(description: string) {
  return oneOf(["all", "relay"], description);
}
