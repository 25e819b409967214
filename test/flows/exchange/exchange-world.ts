import { type Allowance, allowInPolicy } from '../../world/allow.ts';
import { Browser } from '../../world/browser.ts';
import { json, login } from '../../world/login.ts';
import { configuration, mcp, notes, resourceServer, send } from '../../world/resource-world.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

/** A world of exchanges: two machines, each of which is a resource, and two resources behind them. */

export const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const typeOf = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;

/** Served by the first machine. */
export const worker = 'https://worker.test';
/** Served by the second machine. */
export const relay = 'https://relay.test';
export { mcp, notes };
/** No operator declared it: a name, as tsidp's clients have them. */
export const plainName = 'billing';

export const ci = '127.0.0.3';
export const second = '127.0.0.7';
export const service = { id: 'service', secret: 'service-secret-that-is-long-enough-0' };

const scopes = { read_file: 'Read files', run_code: 'Run code' };

export const exchanging = {
  ...configuration,
  clients: [
    ...configuration.clients.map((client) => {
      // whoever acts with their tokens is limited
      if (client.id === 'es256') return { ...client, mayAct: { tags: ['tag:work'] } };
      if (client.id === 'eddsa') return { ...client, mayAct: { client: 'billing' } };
      return client;
    }),
    { ...service, redirectUris: ['https://service.test/cb'], scopes: ['read_file'] },
    { id: 'robot', secret: service.secret, grantTypes: ['client_credentials', exchangeGrant] },
    { id: 'billing', secret: service.secret, redirectUris: ['https://billing.test/cb'] },
    { id: 'by-tag', peer: { tags: ['tag:ci', 'tag:work'] } },
  ],
  resources: [
    ...configuration.resources,
    { uri: worker, scopes },
    { uri: relay, scopes, algorithm: 'ES256', clients: ['by-tag'] },
  ],
};

export const rules = {
  alice: {
    src: ['alice@example.com'],
    scopes: ['read_file', 'run_code', 'notes'],
    users: ['*'],
    resources: [mcp, worker, notes, relay, plainName, 'https://unknown.test/declared-by-none'],
  },
  bob: {
    src: ['bob@example.com'],
    scopes: ['read_file'],
    users: ['bob@example.com'],
    resources: [mcp, worker],
  },
  ci: {
    src: ['tag:ci'],
    may_act_for: ['alice@example.com', 'tag:work'],
    resources: [mcp, worker, relay],
    serves: [worker],
  },
  ciItself: {
    src: ['tag:ci'],
    scopes: [{ resource: mcp, scopes: ['read_file'] }],
    users: ['tag:ci'],
    resources: [relay, mcp],
  },
  second: {
    src: ['tag:work'],
    may_act_for: ['alice@example.com', 'tag:ci'],
    resources: [mcp, notes, relay],
    serves: [relay],
  },
  secondItself: { src: ['tag:work'], users: ['tag:work'], resources: [relay, mcp] },
} as const satisfies Record<string, Allowance>;

export const all: readonly Allowance[] = Object.values(rules);

export async function startExchanging(more: Record<string, unknown> = {}): Promise<World> {
  const world = await startWorld({ ...exchanging, ...more });
  world.simulator.addNode('second', {
    id: '77',
    tags: ['tag:work'],
    addresses: ['100.64.0.77', 'fd7a:115c:a1e0::77'],
    loopback: second,
  });
  allowInPolicy(world.simulator, all);
  return world;
}

/** Parameters of a form; several values of one name are sent one after another. */
export type Form = Record<string, string | string[]>;

/** Who sends a request: an app's server with its secret, or a device by its address alone. */
export type Sender =
  | { readonly id: string; readonly secret: string }
  | { readonly address: string; readonly id?: string };

const secretOf = (id: string): Sender => ({
  id,
  secret: clients.find((client) => client.id === id)?.secret ?? '',
});

export const senders = {
  grafana: secretOf('grafana'),
  post: secretOf('post'),
  es256: secretOf('es256'),
  eddsa: secretOf('eddsa'),
  'mcp-server': resourceServer,
  service,
  robot: { id: 'robot', secret: service.secret },
  billing: { id: 'billing', secret: service.secret },
  'wrong secret': { id: 'grafana', secret: 'not-the-secret-of-grafana-at-all' },
  'public client': { address: '127.0.0.1', id: 'spa' },
  "person's device": { address: '127.0.0.1' },
  'foreign device': { address: '127.0.0.4' },
  ci: { address: ci },
  second: { address: second },
  'ci as by-tag': { address: ci, id: 'by-tag' },
  'second as by-tag': { address: second, id: 'by-tag' },
} as const satisfies Record<string, Sender>;
export type SenderName = keyof typeof senders;

export async function post(
  world: World,
  path: string,
  form: Form,
  sender: Sender,
  headers: Record<string, string> = {},
) {
  if ('secret' in sender) {
    const authorization = `Basic ${Buffer.from(`${sender.id}:${sender.secret}`).toString('base64')}`;
    return new Browser('127.0.0.9').open(`${world.issuer}${path}`, {
      form,
      headers: { authorization, ...headers },
    });
  }
  const { address, id } = sender;
  return new Browser(address).open(`${world.issuer}${path}`, {
    form: { ...form, ...(id === undefined ? {} : { client_id: id }) },
    headers,
  });
}

/** An exchange of an access token, unless `more` says another type. */
export const exchangeForm = (subject: string, more: Form = {}): Form => ({
  grant_type: exchangeGrant,
  subject_token: subject,
  subject_token_type: typeOf('access_token'),
  ...more,
});

export async function exchange(world: World, subject: string, more: Form, by: SenderName) {
  return post(world, '/token', exchangeForm(subject, more), senders[by]);
}

/** The new token. @throws Error with the answer when there is none */
export async function exchanged(world: World, subject: string, more: Form, by: SenderName) {
  const answer = await exchange(world, subject, more, by);
  const { access_token: token } = json(answer);
  if (typeof token !== 'string') throw new Error(`no token: ${answer.status} ${answer.body}`);
  return token;
}

/** A login of Grafana's. */
export const loginAt = (world: World, resource: string, scope: string, address?: string) =>
  login(new Browser(address), world.issuer, 'grafana', { resource, scope });

/** A machine's token as itself, for this resource. */
export async function machineToken(world: World, by: SenderName, resource = mcp) {
  const form = { grant_type: 'client_credentials', resource };
  return String(json(await post(world, '/token', form, senders[by]))['access_token']);
}

/** Whether its own client sees it as active, and what it says. */
export async function look(world: World, token: string, by: SenderName = 'mcp-server') {
  return json(await post(world, '/introspect', { token }, senders[by]));
}

export async function isActiveFor(world: World, token: string, by: SenderName): Promise<boolean> {
  return (await look(world, token, by))['active'] === true;
}

export async function revoke(world: World, token: string, by: SenderName): Promise<void> {
  await post(world, '/revoke', { token }, senders[by]);
}

export { send };
