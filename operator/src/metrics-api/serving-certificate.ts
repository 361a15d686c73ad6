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

export interface KeyPair {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** `host` is the DNS name of a server. */
  issue(commonName: string, usage: "clientAuth" | "serverAuth", host?: string): Promise<KeyPair>;
}

/**
 * Has a CA of its own, whose key is dropped at once, so that it signs nothing else. Both stay in memory, so there is no
 * Secret to protect; the next leader creates its own.
 */
export async function createServingCertificate(host: string, wallMs: number): Promise<ServingCertificate> {
  const authority = await createAuthority("gpumedia-operator-metrics-ca", wallMs);
  const { certificate, key } = await authority.issue("gpumedia-operator-metrics", "serverAuth", host);
  return {
    chain: `${certificate}\n${authority.certificate}\n`,
    key,
    authority: `${authority.certificate}\n`,
    renewAt: wallMs + renewDays * dayMs,
  };
}

export async function createAuthority(commonName: string, wallMs: number): Promise<Authority> {
  // A clock that is behind must not reject it as not yet valid.
  const validity = { notBefore: new Date(wallMs - dayMs), notAfter: new Date(wallMs + validDays * dayMs) };
  const authorityKeys = await newKeys();
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: serialNumber(),
    name: `CN=${commonName}`,
    keys: authorityKeys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  return {
    certificate: authority.toString("pem"),
    async issue(subject, usage, host) {
      const keys = await newKeys();
      const names =
        host === undefined ? [] : [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }])];
      const certificate = await x509.X509CertificateGenerator.create({
        ...validity,
        serialNumber: serialNumber(),
        subject: `CN=${subject}`,
        issuer: authority.subject,
        publicKey: keys.publicKey,
        signingKey: authorityKeys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]]),
          ...names,
          await x509.AuthorityKeyIdentifierExtension.create(authority),
        ],
      });
      const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
      return { certificate: certificate.toString("pem"), key: x509.PemConverter.encode(pkcs8, "PRIVATE KEY") };
    },
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** Positive, as RFC 5280 requires: the first bit is 0. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}
