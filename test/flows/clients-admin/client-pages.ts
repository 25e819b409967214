import { allowInPolicy } from '../../world/allow.ts';
import type { Answer } from '../../world/browser.ts';
import { startWorld, type World } from '../../world/world.ts';

export const redirectUri = 'https://new.test/cb';

export type Form = Record<string, string | string[]>;

export interface Asked {
  readonly method?: string;
  readonly form?: Form;
  readonly headers?: Record<string, string>;
}

export interface ClientPages extends AsyncDisposable {
  readonly world: World;
  /** Alice administers. */
  allow(): void;
  ask(path: string, more?: Asked, from?: string): Promise<Answer>;
  add(form?: Form): Promise<Answer>;
}

/** The pages where administrators look after apps. */
export async function openClientPages(): Promise<ClientPages> {
  const world = await startWorld();
  const ask: ClientPages['ask'] = (path, more = {}, from = '127.0.0.1') =>
    world.browser(from).open(`${world.issuer}${path}`, more);
  return {
    world,
    ask,
    allow: () =>
      allowInPolicy(world.simulator, [{ src: ['alice@example.com'], allow_admin_ui: true }]),
    add: (form = {}) =>
      ask('/new', { form: { name: 'New app', redirect_uri: redirectUri, ...form } }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** Of the app that a page is about. */
export const idIn = ({ body }: Answer): string => /\/edit\/([0-9a-f]{32})/u.exec(body)?.[1] ?? '';

export const secretIn = ({ body }: Answer): string =>
  /<code>([\w-]{43})<\/code>/u.exec(body)?.[1] ?? '';

/** What is said beside a field. */
export const besideField = ({ body }: Answer, field: string): string =>
  new RegExp(`<ul class="problem" id="${field}-problem" role="alert">(.*?)</ul>`, 'su').exec(
    body,
  )?.[1] ?? '';
