import type { ConsentPage, RegistrationFacts } from '../access/pages.ts';
import { type Html, html } from './html.ts';
import { renderDocument } from './layout.ts';
import { personRows, row } from './person.ts';
import { scopeWords } from './scope-words.ts';
import { appName, cutMiddle, plainText } from './text.ts';

/**
 * The page about a client that only vouches for itself (T17). What was checked stands large: where the access goes.
 * What it says of itself is told as its own words. Nothing that is given away is left out, however much it is.
 */
export function consent(page: ConsentPage): string {
  const place = placeOf(page.redirectHost);
  const card = html`<h1>Let this app act for you?</h1>
<p>An app that calls itself <bdi class="claim">“${appName(page.clientName)}”</bdi> asks for access in your name. It introduced itself: nobody here has checked what it is called.</p>
<div class="where"><p>Your access goes to</p>
<p class="host"><bdi>${place.host}</bdi></p>
<p>${place.words}</p></div>
${page.resources.map(resourceList)}${identityList(page.identityScopes)}${renewal(page.renewsSeconds)}<dl>
${personRows(page.person)}${origin(page)}</dl>
<p class="notice">${place.warning} If in doubt, choose Deny.</p>
<form method="post" action="${page.action}" class="buttons">
<input type="hidden" name="token" value="${page.token}">
<button type="submit" name="action" value="allow" class="main">Allow</button>
<button type="submit" name="action" value="deny">Deny</button>
</form>
<p class="soft">If you allow this, it is remembered, and you are asked again when the app wants more. An administrator can take it back.</p>`;
  return renderDocument({ title: 'Let this app act for you?', card });
}

interface Place {
  readonly host: string;
  readonly words: string;
  readonly warning: string;
}

const loopback = /^https?:\/\/(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)(?::\d+)?$/u;

/** Shown in full up to the longest DNS name, and cut in the middle: its end says who is responsible. */
function placeOf(redirectHost: string): Place {
  const shown = cutMiddle(plainText(redirectHost), 280);
  const host = shown.replace(/^https?:\/\//u, '');
  const started = 'Allow only if you have just started this yourself';
  if (loopback.test(shown)) {
    return {
      host,
      words: 'a program on this computer',
      warning: `Any program on this computer can take any name. ${started}.`,
    };
  }
  if (!/^https?:/u.test(shown)) {
    return {
      host,
      words: 'an app on this device that opens such links',
      warning: `Any app on this device can take any name. ${started}.`,
    };
  }
  const words = shown.startsWith('http:')
    ? 'a website, over a connection that others can read (http)'
    : 'a website';
  return { host, words, warning: `${started}, and you trust that address.` };
}

export function resourceList({ uri, name, scopes }: ConsentPage['resources'][number]): Html {
  const shown = cutMiddle(plainText(name), 120);
  const address =
    name !== uri &&
    html`<p class="soft"><bdi>${plainText(uri)}</bdi></p>
`;
  if (scopes.length === 0) {
    return html`<h2>What it may do at <bdi>${shown}</bdi></h2>
${address}<p>It may only show that it comes from you.</p>
`;
  }
  const items = scopes.map(
    (
      scope,
    ) => html`<li><bdi>${scope.text === scope.name ? html`<code>${scope.name}</code>` : scope.text}</bdi></li>
`,
  );
  return html`<h2>What it may do at <bdi>${shown}</bdi></h2>
${address}<ul>
${items}</ul>
`;
}

export function identityList(scopes: readonly string[]): Html | false {
  const told = scopes.filter((scope) => scope !== 'offline_access');
  if (told.length === 0) return false;
  const items = told.map(
    (scope) => html`<li>${scopeWords.get(scope) ?? html`<code>${scope}</code>`}</li>
`,
  );
  return html`<h2>What it learns about you</h2>
<ul>
${items}</ul>
`;
}

export function renewal(seconds: number): Html | false {
  if (seconds === 0) return false;
  return html`<p>It can keep doing this while you are away, for up to ${duration(seconds)}.</p>
`;
}

function duration(seconds: number): string {
  const [count, unit] = seconds < 2 * 86_400 ? [seconds / 3600, 'hour'] : [seconds / 86_400, 'day'];
  const whole = Math.max(1, Math.ceil(count));
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}

function origin({ describedAt, registration }: ConsentPage): Html | undefined {
  if (describedAt !== undefined) return row('Described at', cutMiddle(plainText(describedAt), 280));
  return registration && row('Registered', timeText(registration.at), registrantText(registration));
}

function registrantText({ by, isAnonymous }: RegistrationFacts): string | undefined {
  if (by !== undefined) return `by ${cutMiddle(plainText(by), 120)}`;
  return isAnonymous ? 'by somebody outside this tailnet' : undefined;
}

/** e.g. `3 October 2026 at 14:05 UTC` */
function timeText(at: number): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'UTC',
  });
  return `${format.format(at * 1000)} UTC`;
}
