import { press } from '../../test/world/app.ts';
import { Browser } from '../../test/world/browser.ts';
import { type App, authorizeUrl } from './victim.ts';

/**
 * A person's browser brings a client that came by itself, and allows it where a page asks.
 * @param from where its connections come from
 * @returns the status of the last answer, and the code if there is one
 */
export async function allowApp(
  issuer: string,
  app: App,
  from: string,
): Promise<{ readonly status: number; readonly code: string | undefined }> {
  const browser = new Browser(from);
  const page = await browser.follow(issuer + authorizeUrl(app));
  const isAsked = page.status === 200 && page.body.includes('value="allow"');
  const answer = isAsked ? await press(browser, page, { issuer }, { action: 'allow' }) : page;
  return { status: answer.status, code: answer.location?.searchParams.get('code') ?? undefined };
}
