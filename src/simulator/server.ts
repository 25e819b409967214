import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { Bus } from './bus.ts';
import { type Fault, misbehave } from './faults.ts';
import { listenOnSocket } from './listen.ts';
import { NodeLogin } from './login.ts';
import { type Change, Model } from './model.ts';
import type { PolicyInput } from './policy-file.ts';
import {
  answer,
  endSession,
  type NodeState,
  respond,
  textAnswer,
  vainLookups,
  versionHeaders,
} from './routes.ts';
import {
  loadTailnet,
  type NodeInput,
  readTailnet,
  type Tailnet,
  type TailnetInput,
  type TailnetStatus,
} from './tailnet.ts';

/** What tailscaled 1.102.3 takes over a connection that it does not know, milliseconds. */
export const realMissMs = 180;

export interface SimulatorOptions {
  /** A tailnet file's path, or what such a file holds. A `policyFile` is found beside the file. */
  readonly tailnet: string | TailnetInput;
  /** Unix socket to listen on; its directory is made when missing. */
  readonly socketPath: string;
  /** Called before it listens, to make it what the first request shall meet. */
  readonly prepare?: (simulator: Simulator) => void;
}

interface SimulatorEvents {
  /** A request came in: its path without the query. */
  request: [path: string];
  /** A reader of the bus came or went: how many there are. */
  watchers: [count: number];
}

const busPath = '/localapi/v0/watch-ipn-bus';

/**
 * tailscaled's LocalAPI over a real Unix socket, answered from a tailnet in a file. Every change made through the
 * methods counts for the next request; nothing happens by itself.
 */
export class Simulator extends EventEmitter<SimulatorEvents> {
  readonly socketPath: string;
  /** Added to every answer. */
  delayMs = 0;
  /**
   * How long whois looks for a connection that tailscaled has not dialled, while everybody else waits; `realMissMs`
   * as it is.
   */
  missMs = 0;
  /** How often it has looked so in vain. */
  vainLookups = 0;
  /** How the node itself is logged in. */
  readonly login = new NodeLogin((patch) => this.setStatus(patch));
  readonly #model: Model;
  readonly #bus = new Bus();
  /** What tailscaled knows beside the network map: serve config, certificates, dialled connections. */
  readonly state: NodeState = {
    serveConfig: 'null',
    certificates: new Map(),
    dialled: new Map(),
  };
  readonly #requests = new Map<string, number>();
  #server: Server | undefined;
  #fault: Fault = 'none';
  #faultyPath: string | undefined;
  /** tailscaled's main lock, while a miss holds it. */
  #lock: Promise<void> = Promise.resolve();

  /** @throws TailnetFileError, Error when the socket can't be had */
  static async start({ tailnet, socketPath, prepare }: SimulatorOptions): Promise<Simulator> {
    const parsed =
      typeof tailnet === 'string'
        ? await loadTailnet(tailnet)
        : await readTailnet(tailnet, 'tailnet', process.cwd());
    const simulator = new Simulator(parsed, socketPath);
    prepare?.(simulator);
    await simulator.restart();
    return simulator;
  }

  private constructor(tailnet: Tailnet, socketPath: string) {
    super();
    this.socketPath = socketPath;
    this.#model = new Model(tailnet);
  }

  /** The tailnet as it is now. */
  get tailnet(): Tailnet {
    return this.#model.tailnet;
  }

  /** Readers of the bus at this moment. */
  get watchers(): number {
    return this.#bus.watchers;
  }

  /** How many requests came in, by path (`/localapi/v0/whois`). */
  get requests(): ReadonlyMap<string, number> {
    return this.#requests;
  }

  /** Everything from a new file. @throws TailnetFileError, and nothing changes */
  replaceTailnet(tailnet: Tailnet): void {
    this.#publish(this.#model.replace(tailnet));
  }

  /** Sends no line on the bus, as in a tailnet. @throws TailnetFileError */
  setPolicy(policy: PolicyInput): void {
    this.#model.setPolicy(policy);
  }

  /** @throws TailnetFileError */
  addNode(name: string, node: NodeInput): void {
    this.#publish(this.#model.putNode(name, node));
  }

  /** A node given tags loses its user, one given a user its tags. @throws TailnetFileError */
  setNode(name: string, patch: Partial<NodeInput>): void {
    this.#publish(this.#model.patchNode(name, patch));
  }

  removeNode(name: string): void {
    this.#publish(this.#model.removeNode(name));
  }

  setStatus(patch: Partial<TailnetStatus>): void {
    this.#publish(this.#model.setStatus(patch));
  }

  /**
   * Misbehave from the next request on.
   * @param path only there, e.g. `/localapi/v0/whois`; everywhere by default
   */
  fault(kind: Fault, path?: string): void {
    this.#fault = kind;
    this.#faultyPath = path;
  }

  /** As a stopped tailscaled: the socket is gone, every connection broken. What was set stays for `restart`. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    server.closeAllConnections();
    await closed;
  }

  async restart(): Promise<void> {
    await this.stop();
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    // tailscaled never closes an idle connection
    server.keepAliveTimeout = 0;
    await listenOnSocket(server, this.socketPath);
    this.#server = server;
  }

  #publish(change: Change): void {
    this.#bus.publish(change, this.tailnet);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://local-tailscaled.sock');
    this.#requests.set(url.pathname, (this.#requests.get(url.pathname) ?? 0) + 1);
    this.emit('request', url.pathname);
    if (this.delayMs > 0) await delay(this.delayMs);
    const fault = this.#faultyPath === undefined || this.#faultyPath === url.pathname;
    if (fault && this.#fault !== 'none') return misbehave(this.#fault, response);
    if (!isLocalClient(request)) {
      return respond(response, textAnswer(403, 'invalid localapi request'));
    }
    for (const [name, value] of Object.entries(versionHeaders(this.#model))) {
      response.setHeader(name, value);
    }
    if (url.pathname === busPath) return this.#watch(url, response);
    const method = request.method ?? 'GET';
    const body = method === 'GET' ? '' : await text(request);
    const loggedIn = this.login.answer(method, url.pathname, body);
    if (loggedIn) return respond(response, loggedIn);
    const headers = { ifMatch: request.headers['if-match'] };
    const answered = answer(method, url, headers, body, this.#model, this.state);
    await this.#takeLock(vainLookups(url, answered));
    respond(response, answered);
  }

  /** Waits for those who hold the lock, and holds it as long as so many vain lookups take. */
  #takeLock(vain: number): Promise<void> {
    this.vainLookups += vain;
    if (vain > 0 && this.missMs > 0) {
      this.#lock = this.#lock.then(() => delay(vain * this.missMs));
    }
    return this.#lock;
  }

  #watch(url: URL, response: ServerResponse): void {
    const mask = url.searchParams.get('mask') ?? '0';
    if (!/^\d{1,9}$/.test(mask)) {
      respond(response, textAnswer(400, 'bad mask'));
      return;
    }
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const session = this.#bus.add(response, Number(mask), this.tailnet);
    response.on('close', () => {
      endSession(session, this.state);
      this.emit('watchers', this.watchers);
    });
    this.emit('watchers', this.watchers);
  }
}

/** tailscaled's guard against browsers: its own `Host`, and nothing that only a page would send. */
function isLocalClient({ headers }: IncomingMessage): boolean {
  const fromPage = headers.origin !== undefined || headers.referer !== undefined;
  return headers.host === 'local-tailscaled.sock' && !fromPage;
}
