import { type Answer, Browser } from '../../world/browser.ts';
import type { World } from '../../world/world.ts';

export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** Clients of the device flow: a terminal without a secret, a television with one, and one without the grant type. */
export const deviceClients = [
  { id: 'psql', name: 'Database shell', grantTypes: [deviceGrant, 'refresh_token'] },
  {
    id: 'tv',
    name: 'Television',
    secret: 'tv-secret-that-is-long-enough-000000',
    redirectUris: ['https://tv.test/cb'],
    grantTypes: ['authorization_code', deviceGrant, 'refresh_token'],
  },
  { id: 'other', grantTypes: [deviceGrant], allowedOrigins: ['https://page.test'] },
  { id: 'spa', redirectUris: ['https://spa.test/cb'] },
];

type Form = Readonly<Record<string, string>>;

export interface DeviceAnswer {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval: number;
}

/** Credentials of a client, as form members. */
function credentials(id: string): Form {
  const secret = deviceClients.find((client) => client.id === id)?.secret;
  return { client_id: id, ...(secret === undefined ? {} : { client_secret: secret }) };
}

/** Asks for a device code, from `address`. An empty value in `more` leaves the member out. */
export function askRaw(
  { issuer }: Pick<World, 'issuer'>,
  id = 'psql',
  more: Form = {},
  address = '127.0.0.9',
): Promise<Answer> {
  const all = { ...credentials(id), scope: 'openid email offline_access', ...more };
  const form = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  return new Browser(address).open(`${issuer}/device_authorization`, { form });
}

/** @throws Error with the answer when there is no device code in it */
export async function ask(
  world: Pick<World, 'issuer'>,
  id = 'psql',
  more: Form = {},
  address = '127.0.0.9',
): Promise<DeviceAnswer> {
  const answer = await askRaw(world, id, more, address);
  if (answer.status !== 200) throw new Error(`no device code: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body) as DeviceAnswer;
}

/** One poll of the token endpoint. */
export function poll(
  { issuer }: Pick<World, 'issuer'>,
  deviceCode: string,
  id = 'psql',
  more: Form = {},
): Promise<Answer> {
  const all = { ...credentials(id), grant_type: deviceGrant, device_code: deviceCode, ...more };
  const form = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  return new Browser('127.0.0.9').open(`${issuer}/token`, { form });
}

/** Sends the form of a page of ours, as a browser does. */
export function submit(
  browser: Browser,
  { issuer }: Pick<World, 'issuer'>,
  page: Answer,
  more: Form = {},
  headers: Form = { origin: issuer, 'sec-fetch-site': 'same-origin' },
): Promise<Answer> {
  const fields = [...page.body.matchAll(/<input [^>]*name="([^"]+)"[^>]* value="([^"]*)"/g)];
  const values = Object.groupBy(fields, ([, name = '']) => name);
  const form = Object.fromEntries(
    Object.entries(values).map(([name, same = []]) => [
      name,
      same.map(([, , value = '']) => value),
    ]),
  );
  return browser.open(`${issuer}/device`, { form: { ...form, ...more }, headers });
}

/** Opens the page, enters the code and comes to what asks for Allow or Deny. */
export async function enter(
  browser: Browser,
  world: Pick<World, 'issuer'>,
  userCode: string,
): Promise<Answer> {
  const page = await browser.open(`${world.issuer}/device`);
  return submit(browser, world, page, { user_code: userCode });
}

export async function decide(
  browser: Browser,
  world: Pick<World, 'issuer'>,
  userCode: string,
  button: 'confirm' | 'abort' = 'confirm',
): Promise<Answer> {
  return submit(browser, world, await enter(browser, world, userCode), { [button]: 'yes' });
}

/** What a page says, without its markup. */
export function textOf({ body }: Answer): string {
  const main = /<main>([\s\S]*)<\/main>/.exec(body)?.[1] ?? body;
  return main
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replace(/\s+/g, ' ')
    .trim();
}
