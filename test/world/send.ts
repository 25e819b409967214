import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { stringify } from 'node:querystring';

/** Header fields as they go out, in this order; a name may stand twice. */
export type Fields = readonly (readonly [name: string, value: string])[];

export interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Parameters of the `Location` header. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Message {
  readonly path: string;
  readonly fields: Fields;
  readonly method?: string;
  readonly form?: Readonly<Record<string, string>>;
  /** Instead of a form; its type stands in the fields. */
  readonly body?: string;
}

export type Place =
  | { readonly path: string }
  | {
      readonly host: string;
      readonly port: number;
      readonly localAddress: string;
      readonly localPort?: number;
    };

export async function dial(place: Place): Promise<Socket> {
  const socket = connect(place);
  await once(socket, 'connect');
  return socket;
}

const agents = new WeakMap<Socket, Agent>();

/** Keeps this one connection for the next request. */
function agentOf(socket: Socket): Agent {
  const known = agents.get(socket);
  if (known) return known;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => socket;
  agents.set(socket, agent);
  return agent;
}

/** One request; `keep` leaves the connection to the next one. */
export async function send(socket: Socket, message: Message, keep = false): Promise<Sent> {
  const body = message.body ?? (message.form && stringify(message.form));
  const content: Fields = [
    ...(message.form ? ([['Content-Type', 'application/x-www-form-urlencoded']] as const) : []),
    ...(body === undefined ? [] : ([['Content-Length', String(Buffer.byteLength(body))]] as const)),
  ];
  const fields = [...message.fields, ...content, ['Connection', keep ? 'keep-alive' : 'close']];
  const { promise, resolve, reject } = Promise.withResolvers<Sent>();
  const sent = request({
    ...(keep ? { agent: agentOf(socket) } : { createConnection: () => socket }),
    path: message.path,
    method: message.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: fields.flat(),
  });
  sent.on('error', reject);
  sent.on('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      const { location } = response.headers;
      const url = location === undefined ? undefined : new URL(location, 'http://here.test');
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        parameters: Object.fromEntries(url?.searchParams ?? []),
      });
    });
  });
  sent.end(body);
  return promise;
}
