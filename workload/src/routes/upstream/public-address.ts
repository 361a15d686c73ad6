/**
 * Which addresses a picture may come from: public ones. Pure.
 *
 * Everything else is a way into the cluster or the cloud account: loopback, pod and Service networks, link-local with the
 * metadata service (169.254.169.254, fd00:ec2::254), and the forms of IPv6 that carry an IPv4 address in them.
 */
import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Public by their range, but each is a metadata or host service of a cloud. */
const hostServices: ReadonlySet<string> = new Set([
  // Azure: DHCP, DNS, health probes and the guest agent's channel.
  "168.63.129.16",
]);

/** A parsed list of networks in CIDR notation; throws on one that is not. */
export function parseNetworks(networks: readonly string[]): readonly [Address, number][] {
  return networks.map((network) => ipaddr.parseCIDR(network));
}

export function isAllowedAddress(text: string, allowedNetworks: readonly [Address, number][]): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = embedded(ipaddr.parse(text));
  if (allowedNetworks.some(([base, bits]) => isWithin(address, base, bits))) return true;
  return address.range() === "unicast" && !hostServices.has(address.toString());
}

/**
 * The IPv4 address that an IPv6 one stands for, or the address itself. Only the two forms in which a legitimate host can
 * come: mapped, and by NAT64 (RFC 6052), which is how an IPv6-only cluster reaches IPv4. 6to4 and Teredo stay what
 * they are, and are refused by their range.
 */
function embedded(address: Address): Address {
  if (address.kind() === "ipv4") return address;
  const ipv6 = address as ipaddr.IPv6;
  if (ipv6.isIPv4MappedAddress()) return ipv6.toIPv4Address();
  const nat64 = ipaddr.IPv6.parse("64:ff9b::");
  if (ipv6.match(nat64, 96)) return new ipaddr.IPv4(ipv6.toByteArray().slice(12));
  return ipv6;
}

function isWithin(address: Address, base: Address, bits: number): boolean {
  // ipaddr.js throws when it compares an IPv4 address with an IPv6 network.
  return address.kind() === base.kind() && address.match(base, bits);
}
