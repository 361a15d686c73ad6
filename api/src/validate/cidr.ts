/** Recognizes CIDR ranges like Go's net.ParseCIDR, which the API server uses. */
import ipaddr from "ipaddr.js";

/** `10.0.0.1`, `fd00::1`. */
export function isAddress(text: string): boolean {
  return !text.includes("/") && isCidr(`${text}/0`);
}

/** `10.0.0.0/8`, `fd00::/8`. */
export function isCidr(text: string): boolean {
  const [address = "", prefix = "", ...more] = text.split("/");
  if (more.length > 0 || !/^(0|[1-9][0-9]{0,2})$/.test(prefix)) return false;
  // Accepts only four decimal numbers without leading zeros: ipaddr.js would read others as octal.
  if (!address.includes(":"))
    return ipaddr.IPv4.isValidFourPartDecimal(address) && !/(^|\.)0[0-9]/.test(address) && Number(prefix) <= 32;
  return !address.includes("%") && ipaddr.IPv6.isValid(address) && Number(prefix) <= 128;
}
