/** Reverse proxies without a limit of their own, in front of a processor: one in Node, and nginx where it is installed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../testing/free-port.ts";

export interface ReverseProxy extends AsyncDisposable {
  readonly port: number;
}

/** Passes on while it reads, as Traefik and Envoy do; 502 if the processor breaks the connection. */
export async function nodeProxy(processorPort: number): Promise<ReverseProxy> {
  const server = createHttpServer((request, response) => {
    const { method, url, headers } = request;
    const onward = httpRequest({ host: "127.0.0.1", port: processorPort, method, path: url, headers }, (answer) => {
      const { connection: _hopByHop, ...rest } = answer.headers;
      response.writeHead(answer.statusCode ?? 0, rest);
      answer.pipe(response);
    });
    onward.on("error", () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
    request.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Path of nginx (Debian: package nginx-light), or undefined. */
export function installedNginx(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  return folders.map((folder) => join(folder, "nginx")).find(existsSync);
}

export interface NginxOptions {
  /** `proxy_request_buffering`: whether it reads the whole body before it connects to the processor. */
  readonly buffering: "on" | "off";
  /** `proxy_http_version`; 1.0, the default of nginx before 1.29.7, closes the connection after each response. */
  readonly version: "1.0" | "1.1";
}

export async function nginxProxy(
  nginx: string,
  processorPort: number,
  { buffering, version }: NginxOptions,
): Promise<ReverseProxy> {
  const folder = mkdtempSync(join(tmpdir(), "gpumedia-nginx-"));
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
     events {}
     http {
       access_log off; client_max_body_size 0;
       ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
       server {
         listen 127.0.0.1:${port};
         location / {
           proxy_pass http://127.0.0.1:${processorPort};
           proxy_request_buffering ${buffering}; proxy_http_version ${version};
         }
       }
     }`,
  );
  const child = spawn(nginx, ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")], {
    stdio: "inherit",
  });
  const exited = once(child, "exit");
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`nginx exited with ${child.exitCode}`);
    await pause(20);
  }
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const accepted = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return accepted;
}
