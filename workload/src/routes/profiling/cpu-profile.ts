/** A CPU profile of one thread of this process, by V8's own profiler. */
import { Session } from "node:inspector/promises";
import { setTimeout as pause } from "node:timers/promises";

/** The main thread, or a worker by its number (Node's `threadId`). */
export type ProfiledThread = "main" | number;

/** Undefined: there is no such worker. The answer is what a `.cpuprofile` holds. */
export async function cpuProfile(thread: ProfiledThread, forMs: number): Promise<object | undefined> {
  return thread === "main" ? profileMain(forMs) : profileWorker(thread, forMs);
}

async function profileMain(forMs: number): Promise<object> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    await pause(forMs);
    const { profile } = await session.post("Profiler.stop");
    return profile;
  } finally {
    session.disconnect();
  }
}

/** By the inspector's NodeWorker domain: messages to the worker's own inspector, wrapped as text. */
async function profileWorker(thread: number, forMs: number): Promise<object | undefined> {
  const session = new Session();
  session.connect();
  try {
    const sessionId = await attach(session, thread);
    if (sessionId === undefined) return undefined;
    const worker = new WorkerInspector(session, sessionId);
    await worker.post("Profiler.enable");
    await worker.post("Profiler.start");
    await pause(forMs);
    const { profile } = (await worker.post("Profiler.stop")) as { readonly profile: object };
    return profile;
  } finally {
    session.disconnect();
  }
}

async function attach(session: Session, thread: number): Promise<string | undefined> {
  const sessions = new Map<number, string>();
  session.on("NodeWorker.attachedToWorker", ({ params: { sessionId, workerInfo } }) => {
    // `[worker 3] name`: the workerId beside it counts inspected workers, not threads.
    sessions.set(Number(/^\[worker (\d+)\]/.exec(workerInfo.title)?.[1]), sessionId);
  });
  // Answers when all workers that there are have been announced.
  await session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  return sessions.get(thread);
}

class WorkerInspector {
  readonly #session: Session;
  readonly #sessionId: string;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 1;

  constructor(session: Session, sessionId: string) {
    this.#session = session;
    this.#sessionId = sessionId;
    session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
      if (params.sessionId === sessionId) this.#receive(params.message);
    });
    session.on("NodeWorker.detachedFromWorker", ({ params }) => {
      if (params.sessionId !== sessionId) return;
      for (const { reject } of this.#pending.values()) reject(new Error("the worker has ended"));
    });
  }

  async post(method: string): Promise<unknown> {
    const id = this.#nextId++;
    const pending = Promise.withResolvers<unknown>();
    this.#pending.set(id, pending);
    const message = JSON.stringify({ id, method });
    await this.#session.post("NodeWorker.sendMessageToWorker", { sessionId: this.#sessionId, message });
    return pending.promise;
  }

  #receive(message: string): void {
    const { id, result, error } = JSON.parse(message) as { id?: number; result?: unknown; error?: { message: string } };
    const pending = this.#pending.get(id ?? 0);
    this.#pending.delete(id ?? 0);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(new Error(error.message));
  }
}
