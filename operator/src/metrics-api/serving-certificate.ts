/** The metrics API's serving certificate and its CA. */
// oxlint-disable-next-line import/no-unassigned-import -- the certificate library requires it to be loaded first
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

export interface ServingCertificate {
  /** PEM: the certificate and its CA's. */
  readonly chain: string;
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly authority: string;
  /** When to replace it, some time before it expires. Milliseconds since 1970. */
  readonly renewAt: number;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 24 * 60 * 60_000;
const validDays = 30;
const renewDays = 20;

/**
 * Has a CA of its own, whose key is dropped at once, so that it signs nothing else. Both stay in memory, so there is no
 * Secret to protect; the next leader creates its own.
 */
export async function createServingCertificate(host: string, wallMs: number): Promise<ServingCertificate> {
  // A clock that is behind must not reject it as not yet valid.
  const validity = { notBefore: new Date(wallMs - dayMs), notAfter: new Date(wallMs + validDays * dayMs) };
  const [authorityKeys, keys] = await Promise.all([newKeys(), newKeys()]);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: serialNumber(),
    name: "CN=gpumedia-operator-metrics-ca",
    keys: authorityKeys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity,
    serialNumber: serialNumber(),
    subject: "CN=gpumedia-operator-metrics",
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }]),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    chain: `${certificate.toString("pem")}\n${authority.toString("pem")}\n`,
    key: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
    authority: `${authority.toString("pem")}\n`,
    renewAt: wallMs + renewDays * dayMs,
  };
}

async function newKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

type CryptoKeyPair = webcrypto.CryptoKeyPair;

/** Positive, as RFC 5280 requires: the first bit is 0. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}
