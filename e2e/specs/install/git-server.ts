/** A Git repository that is served on loopback, and a clone of it to push from. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const branch = "main";
const headerEnd = "\r\n\r\n";

/** Excludes the user's configuration (signing, default branch) and what a Git hook sets (another repository). */
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"))),
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  ...Object.fromEntries(
    ["AUTHOR", "COMMITTER"].flatMap((who) => [
      [`GIT_${who}_NAME`, "spec"],
      [`GIT_${who}_EMAIL`, "spec@example.com"],
    ]),
  ),
};

export class GitServer implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #clone: string;

  /** Creates an empty repository and its clone in `directory`. */
  static async start(directory: string): Promise<GitServer> {
    const repository = join(directory, "repositories/services.git");
    await git(directory, "init", "--quiet", "--bare", `--initial-branch=${branch}`, repository);
    await git(repository, "config", "http.receivepack", "true");
    const server = createServer((request, response) => respond(dirname(repository), request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const clone = join(directory, "clone");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services.git`;
    await git(directory, "clone", "--quiet", url, clone);
    return new GitServer(url, server, clone);
  }

  private constructor(url: string, server: Server, clone: string) {
    this.url = url;
    this.#server = server;
    this.#clone = clone;
  }

  /** Commits and pushes files by path; undefined deletes the file. Returns the revision in Flux's notation. */
  async push(changes: Readonly<Record<string, string | undefined>>): Promise<string> {
    for (const [path, content] of Object.entries(changes)) {
      const file = join(this.#clone, path);
      await mkdir(dirname(file), { recursive: true });
      await (content === undefined ? rm(file) : writeFile(file, content));
    }
    await git(this.#clone, "add", "--all");
    await git(this.#clone, "commit", "--quiet", "--message", `Change ${Object.keys(changes).join(", ")}`);
    await git(this.#clone, "push", "--quiet", "origin", `HEAD:${branch}`);
    return `${branch}@sha1:${(await git(this.#clone, "rev-parse", "HEAD")).trim()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

async function git(directory: string, ...parameters: readonly string[]): Promise<string> {
  return (await promisify(execFile)("git", parameters, { cwd: directory, env })).stdout;
}

/** Responds with the output of Git's own CGI program (RFC 3875), which implements the protocol. */
function respond(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const header = (name: string): string => String(request.headers[name] ?? "");
  const variables = {
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: "1",
    GIT_PROTOCOL: header("git-protocol"),
    HTTP_CONTENT_ENCODING: header("content-encoding"),
    CONTENT_TYPE: header("content-type"),
    REQUEST_METHOD: request.method ?? "",
    PATH_INFO: pathname,
    QUERY_STRING: searchParams.toString(),
  };
  const backend = spawn("git", ["http-backend"], {
    env: { ...env, ...variables },
    stdio: ["pipe", "pipe", "inherit"],
  });
  // The program exits without reading its input when it refuses a request.
  request.pipe(backend.stdin.on("error", () => {}));
  let head = Buffer.alloc(0);
  backend.stdout.on("data", (chunk: Buffer) => {
    if (response.headersSent) return void response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(headerEnd);
    if (end < 0) return;
    const headers = head.toString("latin1", 0, end).split("\r\n");
    for (const [name = "", value = ""] of headers.map((line) => line.split(": "))) {
      if (name === "Status") response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.write(head.subarray(end + headerEnd.length));
  });
  backend.on("close", () => response.end());
}
