import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import type { ApiClient } from "./client.ts";
import { checkConnection, loadConnection, type ConnectionOptions, type LoadedConnection } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import { ApiError } from "./errors.ts";

let home: string;

beforeEach(async () => (home = await mkdtemp(join(tmpdir(), "connection-"))));
afterEach(() => rm(home, { recursive: true }));

/** Writes a file below the test's own directory: text as it is, all else as YAML. */
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

/** An unsigned JSON Web Token that ends at `exp`, in seconds since 1970. */
function jwt(exp: number): string {
  return [{ alg: "none" }, { exp }, {}]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
}

/** A login program that writes what it is given. */
const login = (status: object): object => ({
  apiVersion: "client.authentication.k8s.io/v1",
  command: process.execPath,
  args: ["-e", `console.log(JSON.stringify({status: ${JSON.stringify(status)}}))`],
});

describe("who we are and where we go", () => {
  const cases: {
    readonly name: string;
    readonly user: object;
    readonly cluster?: object;
    readonly authorization?: string;
    readonly tls?: object;
  }[] = [
    { name: "nobody, with the machine's own certificate authorities", user: {} },
    { name: "a token", user: { token: "t" }, authorization: "Bearer t" },
    {
      name: "a token file, before a token",
      user: { tokenFile: "token", token: "old" },
      authorization: "Bearer from file",
    },
    {
      name: "a name and a password",
      user: { username: "me", password: "p" },
      authorization: `Basic ${base64("me:p")}`,
    },
    {
      name: "a client certificate and a certificate authority from files beside the kubeconfig",
      user: { "client-certificate": "pki/me.crt", "client-key": "pki/me.key" },
      cluster: { "certificate-authority": "pki/ca.crt", "tls-server-name": "kubernetes" },
      tls: { ca: "CA", cert: "CERT", key: "KEY", servername: "kubernetes" },
    },
    {
      name: "the same within the kubeconfig",
      user: { "client-certificate-data": base64("CERT"), "client-key-data": base64("KEY") },
      cluster: { "certificate-authority-data": base64("CA") },
      tls: { ca: "CA", cert: "CERT", key: "KEY" },
    },
    {
      name: "a server whose certificate nobody looks at",
      user: {},
      cluster: { "insecure-skip-tls-verify": true },
      tls: { rejectUnauthorized: false },
    },
    { name: "a login program's token", user: { exec: login({ token: "x" }) }, authorization: "Bearer x" },
    {
      name: "a login program's certificate",
      user: { exec: login({ clientCertificateData: "CERT", clientKeyData: "KEY" }) },
      tls: { cert: "CERT", key: "KEY" },
    },
    {
      name: "an auth-provider, through client-node",
      user: { "auth-provider": { name: "oidc", config: { "id-token": jwt(4_000_000_000) } } },
      authorization: `Bearer ${jwt(4_000_000_000)}`,
    },
  ];
  for (const { name, user, cluster, authorization, tls = {} } of cases) {
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
    }).timeout(20_000);
  }

  it("another context than the current one", async () => {
    await file(".kube/config", kubeconfig({}));
    const { server, namespace } = await load({ context: "there" });
    assert.deepEqual([server, namespace], ["https://there:6443", "lab"]);
  });

  it("the first of several kubeconfigs that says something; absent ones don't count", async () => {
    const first = await file("first", { users: [{ name: "u", user: { token: "first" } }] });
    const second = await file("second", kubeconfig({ token: "second" }));
    const env = { KUBECONFIG: [join(home, "absent"), first, second].join(":") };
    const { server, source, authorization } = await load({ env });
    assert.deepEqual([server, source], ["https://here:6443", `context "here" of ${first}, ${second}`]);
    assert.equal(await authorization(), "Bearer first");
  });
});

describe("in a pod", () => {
  const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };

  it("we are the service account, unless a kubeconfig is named", async () => {
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

  it("an IPv6 address gets its brackets", async () => {
    await file("sa/ca.crt", "CA");
    const options = { env: { ...env, KUBERNETES_SERVICE_HOST: "fd00::1" }, serviceAccountDirectory: join(home, "sa") };
    assert.equal((await load(options)).server, "https://[fd00::1]:443");
  });

  it("a pod without a service account hears of it", async () => {
    await assert.rejects(load({ env, serviceAccountDirectory: join(home, "sa") }), {
      name: "ConnectionError",
      message: `no ca.crt in ${join(home, "sa")}: is automountServiceAccountToken false for this pod?`,
    });
  });
});

describe("a connection that can't be had", () => {
  const cases: {
    readonly name: string;
    readonly content?: unknown;
    readonly options?: ConnectionOptions;
    /** `FILE` stands for the kubeconfig. */
    readonly message: string | RegExp;
  }[] = [
    { name: "no kubeconfig", message: "no kubeconfig at FILE: pass --kubeconfig FILE or set KUBECONFIG" },
    { name: "an empty kubeconfig", content: "", message: "FILE is not a kubeconfig: it holds no settings" },
    {
      name: "a kubeconfig that is not YAML, of which nothing is quoted",
      content: "token: [secret",
      message: /^FILE is not a kubeconfig: (?!.*secret).*line 1/,
    },
    {
      name: "no current context",
      content: { ...kubeconfig({}), "current-context": "" },
      message: 'FILE has no current-context: pass --context, one of "here", "there"',
    },
    {
      name: "an unknown context",
      content: kubeconfig({}),
      options: { context: "nowhere" },
      message: 'FILE has no context "nowhere", only "here", "there"',
    },
    {
      name: "a kubeconfig without contexts",
      content: { "current-context": "x", contexts: {} },
      message: 'FILE has no context "x", only none',
    },
    {
      name: "a context whose cluster is missing",
      content: { ...kubeconfig({}), clusters: [] },
      message: 'context "here" of FILE: cluster "c" has no server',
    },
    {
      name: "a context whose user is missing",
      content: { ...kubeconfig({}), users: null },
      message: 'context "here" of FILE: there is no user "u"',
    },
    {
      name: "a setting that would make us somebody else",
      content: kubeconfig({ as: "somebody" }),
      message: 'context "here" of FILE: "as" is not supported',
    },
    {
      name: "a setting that would send us elsewhere",
      content: kubeconfig({}, { "proxy-url": "socks5://proxy" }),
      message: 'context "here" of FILE: "proxy-url" is not supported',
    },
    {
      name: "a certificate file that is missing",
      content: kubeconfig({ "client-certificate": "/none.crt", "client-key": "/none.key" }),
      message: "ENOENT: no such file or directory, open '/none.crt'",
    },
    {
      name: "a login program that is missing",
      content: kubeconfig({ exec: { command: "gpumedia-no-such-login", installHint: "Install it." } }),
      message: "gpumedia-no-such-login gave no credentials: spawn gpumedia-no-such-login ENOENT\nInstall it.",
    },
    {
      name: "a login program that fails",
      content: kubeconfig({
        exec: { command: process.execPath, args: ["-e", "console.error('log in'); process.exit(1)"] },
      }),
      message: `${process.execPath} gave no credentials: log in`,
    },
    {
      name: "a login program that writes something else, of which nothing is quoted",
      content: kubeconfig({ exec: { command: process.execPath, args: ["-e", "console.log('secret')"] } }),
      message: `${process.execPath} did not write an ExecCredential`,
    },
    {
      name: "a login program that writes nothing of use",
      content: kubeconfig({ exec: login({}) }),
      message: `${process.execPath} gave neither token nor certificate`,
    },
  ];
  for (const { name, content, options, message } of cases) {
    it(name, async () => {
      const path = join(home, ".kube", "config");
      if (content !== undefined) await file(".kube/config", content);
      await assert.rejects(load(options), (error: Error) => {
        assert.ok(error instanceof ConnectionError);
        const said = error.message.replace(path, "FILE");
        if (typeof message === "string") assert.equal(said, message);
        else assert.match(said, message);
        return true;
      });
    });
  }
});

describe("a login program", () => {
  it("beside the kubeconfig is found, gets its own environment and learns where we go", async () => {
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

  it("is asked again when its token has ended", async () => {
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

const answerVersion: ApiClient["rawJson"] = async (method, path) => {
  assert.deepEqual([method, path], ["GET", "/version"]);
  return { status: 200, headers: {}, body: { gitVersion: "v1.35.4" } };
};

describe("checking a connection", () => {
  const connection = { server: "https://here", source: "FILE", tls: {}, authorization: async () => undefined };
  it("gives the server's version", async () => {
    assert.equal(await checkConnection({ rawJson: answerVersion }, connection), "v1.35.4");
  });

  const cases: readonly [error: Error, message: string][] = [
    [
      failure(0, "connect ECONNREFUSED 10.0.0.1:443"),
      "cannot reach https://here (FILE): connect ECONNREFUSED 10.0.0.1:443",
    ],
    [failure(401, "Unauthorized"), "the API server https://here (FILE) does not know who we are"],
    [failure(503, "no backend"), "the API server https://here (FILE) answers 503, no backend"],
    [failure(0, "login failed", new ConnectionError("aws gave no credentials")), "aws gave no credentials"],
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
