import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, sign, verify, X509Certificate } from "node:crypto";
import { createAuthority, createTokenKeys, type CertificateAuthority } from "./pki.ts";

describe("a certificate authority", () => {
  let authority: CertificateAuthority;
  let issuer: X509Certificate;
  before(async () => {
    authority = await createAuthority("ca");
    issuer = new X509Certificate(authority.certificate);
  });

  it("is self-signed", () => {
    assert.deepEqual([issuer.ca, issuer.subject, issuer.verify(issuer.publicKey)], [true, "CN=ca", true]);
  });

  it("issues client certificates with user and group", async () => {
    const { certificate, key } = await authority.client({ commonName: "admin", organization: "system:masters" });
    const read = new X509Certificate(certificate);
    assert.deepEqual(
      [read.subject, read.checkIssued(issuer), read.verify(issuer.publicKey), read.ca],
      ["O=system:masters\nCN=admin", true, true, false],
    );
    assert.deepEqual(read.keyUsage, ["1.3.6.1.5.5.7.3.2"], "clientAuth and nothing else");
    assert.ok(read.checkPrivateKey(createPrivateKey(key)));
  });

  it("issues server certificates with names and addresses", async () => {
    const names = { dns: ["localhost", "kubernetes.default.svc"], ip: ["127.0.0.1"] };
    const { certificate, key } = await authority.server({ commonName: "server" }, names);
    const read = new X509Certificate(certificate);
    assert.deepEqual(
      [read.checkHost("localhost"), read.checkHost("kubernetes.default.svc"), read.checkIP("127.0.0.1")],
      ["localhost", "kubernetes.default.svc", "127.0.0.1"],
    );
    assert.deepEqual([read.checkHost("server"), read.checkIP("10.0.0.1")], [undefined, undefined]);
    assert.deepEqual(read.keyUsage, ["1.3.6.1.5.5.7.3.1"], "serverAuth and nothing else");
    assert.ok(read.checkPrivateKey(createPrivateKey(key)));
  });

  it("is valid on a machine whose clock is an hour behind, and expires", () => {
    const hour = 60 * 60 * 1000;
    assert.ok(issuer.validFromDate.getTime() < Date.now() - hour);
    assert.ok(issuer.validToDate.getTime() < Date.now() + 366 * 24 * hour);
  });
});

describe("the keys of tokens", () => {
  it("are a pair", async () => {
    const { privateKey, publicKey } = await createTokenKeys();
    const signature = sign("sha256", Buffer.from("token"), createPrivateKey(privateKey));
    assert.ok(verify("sha256", Buffer.from("token"), createPublicKey(publicKey), signature));
  });
});
