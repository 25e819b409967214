import { press } from '../../world/app.ts';
import { type Answer, Browser } from '../../world/browser.ts';
import type { Registered } from '../../world/register.ts';
import type { World } from '../../world/world.ts';
import { type Begun, begin, callAs } from '../registration/registered-login.ts';

/** A login of a client that registered itself, which the person allowed where a page asked. */
export interface Allowed {
  readonly begun: Begun;
  /** The page that asked, else the answer. */
  readonly page: Answer;
  readonly wasAsked: boolean;
  readonly answer: Answer;
  /** Empty when there is none. */
  readonly code: string;
}

/** @param query in place of the usual parameters or beside them */
export async function allowedLogin(
  world: World,
  client: Registered,
  query: Readonly<Record<string, string>>,
): Promise<Allowed> {
  const begun = begin(world, client);
  const url = new URL(begun.url);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const browser = new Browser();
  const page = await browser.follow(url);
  const wasAsked = page.body.includes('value="allow"');
  const answer = wasAsked ? await press(browser, page, world, { action: 'allow' }) : page;
  return { begun, page, wasAsked, answer, code: answer.location?.searchParams.get('code') ?? '' };
}

export function redeemAs(
  world: World,
  client: Registered,
  { code, begun }: Pick<Allowed, 'code' | 'begun'>,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return callAs(world, client, '/token', {
    grant_type: 'authorization_code',
    code,
    code_verifier: begun.verifier,
    redirect_uri: begun.redirectUri,
    ...more,
  });
}
