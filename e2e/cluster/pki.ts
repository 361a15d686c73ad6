/** The certificates of one cluster, whose CA is deleted with it. */
// oxlint-disable-next-line import/no-unassigned-import -- the certificate library needs it loaded first
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  readonly commonName: string;
  /** The groups of the user, as the API server reads a client certificate. */
  readonly organization?: string;
}

export interface ServingNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

export interface CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  client(subject: Subject): Promise<KeyPair>;
  server(subject: Subject, names: ServingNames): Promise<KeyPair>;
  /** For programs that are each other's servers and clients. */
  serverAndClient(subject: Subject, names: ServingNames): Promise<KeyPair>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 24 * 60 * 60 * 1000;
/** On a clock that is behind, as in a VM that was suspended, they must be valid too. */
const backdatedMs = dayMs;
const validMs = 365 * dayMs;

export async function createAuthority(commonName: string): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: nameOf({ commonName }),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });

  async function issue(subject: Subject, usages: string[], extensions: x509.Extension[] = []): Promise<KeyPair> {
    const { publicKey, privateKey } = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity(),
      subject: nameOf(subject),
      issuer: authority.subject,
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(usages),
        ...extensions,
      ],
    });
    return { certificate: certificate.toString("pem"), key: await pem(privateKey, "pkcs8", "PRIVATE KEY") };
  }

  return {
    certificate: authority.toString("pem"),
    client: (subject) => issue(subject, [clientAuth]),
    server: (subject, names) => issue(subject, [serverAuth], [alternativeNames(names)]),
    serverAndClient: (subject, names) => issue(subject, [serverAuth, clientAuth], [alternativeNames(names)]),
  };
}

const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;

function alternativeNames({ dns, ip }: ServingNames): x509.Extension {
  return new x509.SubjectAlternativeNameExtension([
    ...dns.map((value) => ({ type: "dns", value }) as const),
    ...ip.map((value) => ({ type: "ip", value }) as const),
  ]);
}

/** The keys with which the API server signs and verifies service accounts' tokens. */
export async function createTokenKeys(): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const { privateKey, publicKey } = await newKeys();
  return {
    privateKey: await pem(privateKey, "pkcs8", "PRIVATE KEY"),
    publicKey: await pem(publicKey, "spki", "PUBLIC KEY"),
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - backdatedMs), notAfter: new Date(now + validMs) };
}

function nameOf({ commonName, organization }: Subject): x509.JsonName {
  return [...(organization === undefined ? [] : [{ O: [organization] }]), { CN: [commonName] }];
}

async function pem(key: webcrypto.CryptoKey, format: "pkcs8" | "spki", label: string): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey(format, key), label)}\n`;
}
