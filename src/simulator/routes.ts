import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { addressOf } from './address.ts';
import type { Model } from './model.ts';
import type { TailnetNode } from './tailnet.ts';
import { capabilityVersion, statusJson, whoisAnswer } from './wire.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const prefix = '/localapi/v0/';
const certificatePrefix = `${prefix}cert/`;

/** What tailscaled keeps beside the network map; the simulator only in memory. */
export interface NodeState {
  /** What `tailscale serve` was told, JSON text. */
  serveConfig: string;
  /** Answers of the certificate endpoint, by domain; none where HTTPS is off. */
  readonly certificates: Map<string, Answer>;
  /** Without TUN: which node is at the other end of a connection from this port of 127.0.0.1. */
  readonly dialled: Map<number, string>;
}

/** Go's `http.Error`. */
export function textAnswer(status: number, text: string): Answer {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    body: `${text}\n`,
  };
}

export function respond(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/** On every answer that passed the checks of `Host`, `Origin` and `Referer`. */
export function versionHeaders({ tailnet }: Model): Readonly<Record<string, string>> {
  return {
    'Tailscale-Cap': String(capabilityVersion),
    'Tailscale-Version': tailnet.status.version,
  };
}

/** Every route but the bus, which streams. */
export function answer(
  method: string,
  url: URL,
  headers: { ifMatch: string | undefined },
  body: string,
  model: Model,
  state: NodeState,
): Answer {
  if (url.pathname === `${prefix}whois`) return whois(url, model, state);
  if (url.pathname === `${prefix}status`) {
    const peers = url.searchParams.get('peers') !== 'false';
    return jsonAnswer(`${indented(statusJson(model.tailnet, peers))}\n`);
  }
  if (url.pathname === `${prefix}serve-config`) {
    return method === 'POST'
      ? storeServeConfig(body, headers.ifMatch, state)
      : jsonAnswer(state.serveConfig, { Etag: etag(state) });
  }
  if (url.pathname.startsWith(certificatePrefix)) {
    const domain = decodeURIComponent(url.pathname.slice(certificatePrefix.length));
    const refused = textAnswer(500, 'your Tailscale account does not support getting TLS certs');
    return state.certificates.get(domain) ?? refused;
  }
  return textAnswer(404, '404 page not found');
}

function whois(url: URL, model: Model, { dialled }: NodeState): Answer {
  const addr = url.searchParams.get('addr');
  if (!addr) return textAnswer(400, "missing 'addr' parameter");
  const address = addressOf(addr);
  if (address === undefined && !addr.startsWith('nodekey:')) {
    return textAnswer(400, "invalid 'addr' parameter");
  }
  const peer = dialledBy(addr, model, dialled);
  const node = peer ?? (address === undefined ? model.nodeWithKey(addr) : model.nodeAt(address));
  const { backendState } = model.tailnet.status;
  // logged out, tailscaled has no network map: nobody is known, and the answer doesn't say why
  const mapless = backendState === 'NeedsLogin' || backendState === 'NoState';
  if (node === undefined || mapless) return textAnswer(404, 'no match for IP:port');
  return jsonAnswer(indented(whoisAnswer(model.tailnet, model.self, node)));
}

/**
 * How often tailscaled has looked, in vain and under its main lock, for a connection that it dialled: not at all
 * where the question names no port, else for TCP and UDP, or for the one that the question names.
 */
export function vainLookups({ pathname, searchParams }: URL, { status }: Answer): number {
  const isMiss = pathname === `${prefix}whois` && status === 404;
  const port = /:(\d{1,5})$/.exec(searchParams.get('addr') ?? '')?.[1];
  if (!isMiss || port === undefined || Number(port) === 0) return 0;
  return searchParams.get('proto') ? 1 : 2;
}

/** The node that tailscaled dialled this loopback port for. */
function dialledBy(
  addr: string,
  model: Model,
  dialled: NodeState['dialled'],
): TailnetNode | undefined {
  const port = /^127\.0\.0\.1:(\d{1,5})$/.exec(addr)?.[1];
  const name = port === undefined ? undefined : dialled.get(Number(port));
  return name === undefined ? undefined : model.tailnet.nodes.get(name);
}

/** What a session of the bus was serving ends with it. */
export function endSession(session: string, state: NodeState): void {
  const config: { Foreground?: Record<string, unknown> } | null = JSON.parse(state.serveConfig);
  if (config?.Foreground?.[session] === undefined) return;
  delete config.Foreground[session];
  if (Object.keys(config.Foreground).length === 0) delete config.Foreground;
  state.serveConfig = JSON.stringify(config);
}

function storeServeConfig(body: string, ifMatch: string | undefined, serve: NodeState): Answer {
  if (ifMatch !== undefined && ifMatch !== etag(serve)) return textAnswer(412, 'etag mismatch');
  try {
    serve.serveConfig = JSON.stringify(JSON.parse(body));
  } catch (error) {
    const message = `decoding config: ${(error as Error).message}`;
    return { ...jsonAnswer(JSON.stringify({ error: message })), status: 500 };
  }
  return { status: 200, headers: {}, body: '' };
}

function etag({ serveConfig }: NodeState): string {
  return createHash('sha256').update(serveConfig).digest('hex');
}

function jsonAnswer(body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { 'Content-Type': 'application/json', ...headers }, body };
}

function indented(value: unknown): string {
  return JSON.stringify(value, null, '\t');
}
