import { Browser } from '../world/browser.ts';
import { formOf, isConsent } from '../world/strangers-world.ts';

/** What the client sent the person's browser to, and what came of it. */
export interface Visit {
  readonly scope: readonly string[];
  /** Whether the person was asked. */
  readonly asked: boolean;
  /** Where the browser was led in the end; a page that leads nowhere is `undefined`. */
  readonly location: URL | undefined;
  /** The last page. */
  readonly page: string;
}

export interface Person {
  readonly address: string;
  readonly visits: readonly Visit[];
  /** Opens an authorization request, and allows what is asked. @returns where it led */
  open(url: string): Promise<URL | undefined>;
}

/** Alice and her browser, who allows whatever her clients ask for. */
export function alice(): Person {
  const browser = new Browser('127.0.0.1');
  const visits: Visit[] = [];
  return {
    address: browser.address,
    visits,
    async open(url) {
      const { origin, searchParams } = new URL(url);
      let answer = await browser.follow(url);
      const asked = isConsent(answer);
      if (asked) {
        const { action, token } = formOf(answer);
        const headers = { origin, 'sec-fetch-site': 'same-origin' };
        const form = { token, action: 'allow' };
        answer = await browser.open(new URL(action, origin), { form, headers });
        if (answer.location?.origin === origin) answer = await browser.follow(answer.location);
      }
      const { location, body: page } = answer;
      const scope = (searchParams.get('scope') ?? '').split(' ').filter(Boolean);
      visits.push({ scope, asked, location, page });
      return location;
    },
  };
}
