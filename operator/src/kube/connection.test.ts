import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import type { ApiClient } from "./client.ts";
import { checkConnection, loadConnection, type ConnectionOptions, type LoadedConnection } from "./connection.ts";
import { ApiError, ConnectionError } from "./errors.ts";

let home: string;

beforeEach(async () => (home = await mkdtemp(join(tmpdir(), "connection-"))));
afterEach(() => rm(home, { recursive: true }));

/** Writes a file below the test's directory: text as it is, other values as YAML. */
async function file(path: string, content: unknown): Promise<string> {
  const target = join(home, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, typeof content === "string" ? content : stringify(content));
  return target;
}

function kubeconfig(user: object, cluster: object = {}): object {
  return {
    "current-context": "here",
    contexts: [
      { name: "here", context: { cluster: "c", user: "u" } },
      { name: "there", context: { cluster: "other", user: "u", namespace: "lab" } },
    ],
    clusters: [
      { name: "c", cluster: { server: "https://here:6443", ...cluster } },
      { name: "other", cluster: { server: "https://there:6443" } },
    ],
    users: [{ name: "u", user }],
  };
}

const load = (options: ConnectionOptions = {}): Promise<LoadedConnection> =>
  loadConnection({ env: {}, home, ...options });

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** An unsigned JSON Web Token that expires at `exp`, in seconds since 1970. */
function jwt(exp: number): string {
  return [{ alg: "none" }, { exp }, {}]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
}

/** An exec plugin that returns the status. */
const login = (status: object): object => ({
  apiVersion: "client.authentication.k8s.io/v1",
  command: process.execPath,
  args: ["-e", `console.log(JSON.stringify({status: ${JSON.stringify(status)}}))`],
});

describe("a connection from a kubeconfig", () => {
  interface Case {
    readonly user: object;
    readonly cluster?: object;
    readonly authorization?: string;
    readonly tls?: object;
  }
  const cases: Readonly<Record<string, Case>> = {
    "is anonymous, with the machine's certificate authorities": { user: {} },
    "uses a token": { user: { token: "t" }, authorization: "Bearer t" },
    "prefers a token file to a token": {
      user: { tokenFile: "token", token: "old" },
      authorization: "Bearer from file",
    },
    "uses username and password": {
      user: { username: "me", password: "p" },
      authorization: `Basic ${base64("me:p")}`,
    },
    "reads a client certificate and a certificate authority relative to the kubeconfig": {
      user: { "client-certificate": "pki/me.crt", "client-key": "pki/me.key" },
      cluster: { "certificate-authority": "pki/ca.crt", "tls-server-name": "kubernetes" },
      tls: { ca: "CA", cert: "CERT", key: "KEY", servername: "kubernetes" },
    },
    "uses certificates in the kubeconfig": {
      user: { "client-certificate-data": base64("CERT"), "client-key-data": base64("KEY") },
      cluster: { "certificate-authority-data": base64("CA") },
      tls: { ca: "CA", cert: "CERT", key: "KEY" },
    },
    "does not verify the server's certificate with insecure-skip-tls-verify": {
      user: {},
      cluster: { "insecure-skip-tls-verify": true },
      tls: { rejectUnauthorized: false },
    },
    "uses the token of an exec plugin": { user: { exec: login({ token: "x" }) }, authorization: "Bearer x" },
    "uses the certificate of an exec plugin": {
      user: { exec: login({ clientCertificateData: "CERT", clientKeyData: "KEY" }) },
      tls: { cert: "CERT", key: "KEY" },
    },
    "uses an auth-provider through client-node": {
      user: { "auth-provider": { name: "oidc", config: { "id-token": jwt(4_000_000_000) } } },
      authorization: `Bearer ${jwt(4_000_000_000)}`,
    },
  };
  for (const [name, { user, cluster, authorization, tls = {} }] of Object.entries(cases)) {
    it(name, async () => {
      await file(".kube/token", "from file\n");
      for (const [path, text] of [
        ["ca.crt", "CA"],
        ["me.crt", "CERT"],
        ["me.key", "KEY"],
      ] as const) {
        await file(`.kube/pki/${path}`, text);
      }
      const source = `context "here" of ${await file(".kube/config", kubeconfig(user, cluster))}`;
      const { authorization: authorize, ...connection } = await load();
      assert.deepEqual(connection, { server: "https://here:6443", tls, source });
      assert.equal(await authorize(), authorization);
    });
  }

  it("uses the requested context instead of the current one", async () => {
    await file(".kube/config", kubeconfig({}));
    const { server, namespace } = await load({ context: "there" });
    assert.deepEqual([server, namespace], ["https://there:6443", "lab"]);
  });

  it("uses the first of several kubeconfigs that sets a value, and ignores missing ones", async () => {
    const first = await file("first", { users: [{ name: "u", user: { token: "first" } }] });
    const second = await file("second", kubeconfig({ token: "second" }));
    const env = { KUBECONFIG: [join(home, "absent"), first, second].join(":") };
    const { server, source, authorization } = await load({ env });
    assert.deepEqual([server, source], ["https://here:6443", `context "here" of ${first}, ${second}`]);
    assert.equal(await authorization(), "Bearer first");
  });
});

describe("a connection in a pod", () => {
  const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };

  it("uses the service account unless a kubeconfig is set", async () => {
    await file("sa/ca.crt", "CA");
    await file("sa/token", "t");
    const serviceAccountDirectory = join(home, "sa");
    const { authorization, ...connection } = await load({ env, serviceAccountDirectory });
    const source = `the service account in ${serviceAccountDirectory}`;
    assert.deepEqual(connection, { server: "https://10.0.0.1:443", tls: { ca: "CA" }, source });
    assert.equal(await authorization(), "Bearer t");
    await file("sa/namespace", "media\n");
    assert.equal((await load({ env, serviceAccountDirectory })).namespace, "media");

    const named = await file("named", kubeconfig({}));
    for (const options of [{ kubeconfig: named, env }, { env: { ...env, KUBECONFIG: named } }]) {
      assert.equal((await load({ ...options, serviceAccountDirectory })).server, "https://here:6443");
    }
  });

  it("puts an IPv6 address into brackets", async () => {
    await file("sa/ca.crt", "CA");
    const options = { env: { ...env, KUBERNETES_SERVICE_HOST: "fd00::1" }, serviceAccountDirectory: join(home, "sa") };
    assert.equal((await load(options)).server, "https://[fd00::1]:443");
  });

  it("explains that the service account is missing", async () => {
    await assert.rejects(load({ env, serviceAccountDirectory: join(home, "sa") }), {
      name: "ConnectionError",
      message: `no ca.crt in ${join(home, "sa")}: is automountServiceAccountToken false for this pod?`,
    });
  });
});

describe("loading a connection fails with", () => {
  interface Case {
    readonly content?: unknown;
    readonly options?: ConnectionOptions;
    /** `FILE` stands for the kubeconfig. */
    readonly message: string | RegExp;
  }
  const cases: Readonly<Record<string, Case>> = {
    "no kubeconfig": { message: "no kubeconfig found at FILE: set --kubeconfig or KUBECONFIG" },
    "an empty kubeconfig": { content: "", message: "FILE is not a kubeconfig: it is not a mapping" },
    "a kubeconfig that is not YAML, without quoting it": {
      content: "token: [secret",
      message: /^FILE is not a kubeconfig: (?!.*secret).*line 1/,
    },
    "no current context": {
      content: { ...kubeconfig({}), "current-context": "" },
      message: 'FILE has no current-context: set --context to one of "here", "there"',
    },
    "an unknown context": {
      content: kubeconfig({}),
      options: { context: "nowhere" },
      message: 'context "nowhere" not found in FILE; available: "here", "there"',
    },
    "a kubeconfig without contexts": {
      content: { "current-context": "x", contexts: {} },
      message: 'context "x" not found in FILE; available: none',
    },
    "a context whose cluster is missing": {
      content: { ...kubeconfig({}), clusters: [] },
      message: 'context "here" of FILE: cluster "c" has no server',
    },
    "a context whose user is missing": {
      content: { ...kubeconfig({}), users: null },
      message: 'context "here" of FILE: user "u" not found',
    },
    "an unsupported setting that would change the user": {
      content: kubeconfig({ as: "admin" }),
      message: 'context "here" of FILE: "as" is not supported',
    },
    "an unsupported setting that would change the destination": {
      content: kubeconfig({}, { "proxy-url": "socks5://proxy" }),
      message: 'context "here" of FILE: "proxy-url" is not supported',
    },
    "a missing certificate file": {
      content: kubeconfig({ "client-certificate": "/none.crt", "client-key": "/none.key" }),
      message: "ENOENT: no such file or directory, open '/none.crt'",
    },
    "a missing exec plugin": {
      content: kubeconfig({ exec: { command: "gpumedia-no-such-login", installHint: "Install it." } }),
      message: "gpumedia-no-such-login returned no credentials: spawn gpumedia-no-such-login ENOENT\nInstall it.",
    },
    "an exec plugin that fails": {
      content: kubeconfig({
        exec: { command: process.execPath, args: ["-e", "console.error('log in'); process.exit(1)"] },
      }),
      message: `${process.execPath} returned no credentials: log in`,
    },
    "an exec plugin that writes something else, without quoting it": {
      content: kubeconfig({ exec: { command: process.execPath, args: ["-e", "console.log('secret')"] } }),
      message: `${process.execPath} did not return an ExecCredential`,
    },
    "an exec plugin that returns no credentials": {
      content: kubeconfig({ exec: login({}) }),
      message: `${process.execPath} returned neither a token nor a certificate`,
    },
  };
  for (const [name, { content, options, message }] of Object.entries(cases)) {
    it(name, async () => {
      const path = join(home, ".kube", "config");
      if (content !== undefined) await file(".kube/config", content);
      await assert.rejects(load(options), (error: Error) => {
        assert.ok(error instanceof ConnectionError);
        const actual = error.message.replace(path, "FILE");
        if (typeof message === "string") assert.equal(actual, message);
        else assert.match(actual, message);
        return true;
      });
    });
  }
});

describe("an exec plugin", () => {
  it("is found relative to the kubeconfig and receives its environment and the cluster", async () => {
    const program = await file(
      ".kube/bin/login",
      [
        `#!${process.execPath}`,
        "const { kind, apiVersion, spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);",
        "const token = [process.env.PROFILE, process.argv[2], kind, apiVersion, spec.interactive, spec.cluster.server];",
        "console.log(JSON.stringify({ status: { token: token.join(' ') } }));",
      ].join("\n"),
    );
    await chmod(program, 0o755);
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "./bin/login",
      args: ["media"],
      env: [{ name: "PROFILE", value: "staging" }],
      provideClusterInfo: true,
    };
    await file(".kube/config", kubeconfig({ exec }));
    const expected = "Bearer staging media ExecCredential client.authentication.k8s.io/v1 false https://here:6443";
    assert.equal(await (await load()).authorization(), expected);
  });

  it("runs again when its token has expired", async () => {
    const count = await file("count", "0");
    const script = [
      'const fs = require("node:fs");',
      `const token = String(Number(fs.readFileSync(${JSON.stringify(count)}, "utf8")) + 1);`,
      `fs.writeFileSync(${JSON.stringify(count)}, token);`,
      'const expirationTimestamp = token === "1" ? "2020-01-01T00:00:00Z" : "2100-01-01T00:00:00Z";',
      "console.log(JSON.stringify({ status: { token, expirationTimestamp } }));",
    ];
    await file(".kube/config", kubeconfig({ exec: { command: process.execPath, args: ["-e", script.join("\n")] } }));
    const { authorization } = await load();
    const tokens = await Promise.all([authorization(), authorization()]);
    assert.deepEqual([...tokens, await authorization()], ["Bearer 2", "Bearer 2", "Bearer 2"]);
  });
});

const failure = (status: number, message: string, cause?: unknown): ApiError =>
  new ApiError({ status, reason: "", message, method: "GET", path: "/version", cause });

const returnVersion: ApiClient["rawJson"] = async (method, path) => {
  assert.deepEqual([method, path], ["GET", "/version"]);
  return { status: 200, headers: {}, body: { gitVersion: "v1.35.4" } };
};

describe("checkConnection", () => {
  const connection = { server: "https://here", source: "FILE", tls: {}, authorization: async () => undefined };
  it("returns the server's version", async () => {
    assert.equal(await checkConnection({ rawJson: returnVersion }, connection), "v1.35.4");
  });

  const cases: readonly [error: Error, message: string][] = [
    [
      failure(0, "connect ECONNREFUSED 10.0.0.1:443"),
      "cannot reach https://here (FILE): connect ECONNREFUSED 10.0.0.1:443",
    ],
    [failure(401, "Unauthorized"), "the API server https://here (FILE) rejects the credentials"],
    [failure(503, "no backend"), "the API server https://here (FILE) returns 503: no backend"],
    [failure(0, "login failed", new ConnectionError("aws returned no credentials")), "aws returned no credentials"],
  ];
  for (const [error, message] of cases) {
    it(message, async () => {
      await assert.rejects(checkConnection({ rawJson: () => Promise.reject(error) }, connection), {
        name: "ConnectionError",
        message,
      });
    });
  }
});
