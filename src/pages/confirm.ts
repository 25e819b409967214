import type { ConfirmPage } from '../access/pages.ts';
import { type Html, html } from './html.ts';
import { renderDocument } from './layout.ts';
import { loginText, personRows, row } from './person.ts';
import { scopeWords } from './scope-words.ts';
import { appName, cutEnd, cutMiddle, plainText } from './text.ts';

/**
 * Why there is a page at all, where a clickless login would have shown none. oidc-provider calls a prompt that the
 * app asked for `<prompt>_prompt`.
 */
const reasons: ReadonlyMap<string, string> = new Map([
  ['login', 'the app asked you to log in again'],
  ['select_account', 'the app asked which account you want to use'],
  ['consent', 'the app asked for your consent'],
  ['max_age', 'your last login was too long ago for this app'],
  ['confirm', 'logins to this app have to be confirmed'],
]);

export function confirm(page: ConfirmPage): string {
  const app = appName(page.clientName);
  const login = loginText(page.person, 60);
  const why = page.why.flatMap((code) => reasons.get(code.replace(/_prompt$/u, '')) ?? []);
  const card = html`<h1>Continue as <bdi>${login}</bdi> to <bdi>${app}</bdi>?</h1>
<p>You are asked because ${(why.length > 0 ? why : ['this login has to be confirmed']).join(', and ')}.</p>
<dl>
${personRows(page.person)}${destination(page.redirectHost)}</dl>
${shared([...new Set(page.scopes)].filter((scope) => scope.trim() !== ''))}<p class="soft">If you did not just try to open this app, or if that address is not the app’s, choose Cancel.</p>
<form method="post" action="${page.action}" class="buttons">
<button type="submit" name="action" value="continue" class="main">Continue</button>
<button type="submit" name="action" value="cancel">Cancel</button>
</form>`;
  return renderDocument({ title: `Continue to ${app}?`, card });
}

const loopback = /^https?:\/\/(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)(?::\d+)?$/u;

/**
 * Where the browser goes next: a name is what an app says of itself, this address is what was checked (T17). Shown
 * in full up to the longest DNS name; private-use schemes and loopback are put into words (RFC 8252 7.1, 7.3).
 */
function destination(redirectHost: string): Html {
  const host = cutMiddle(plainText(redirectHost), 280);
  if (host === 'this computer') return row('Takes you to', strong('a program on this computer'));
  if (loopback.test(host)) return row('Takes you to', strong(host), 'a program on this computer');
  if (host.endsWith(':'))
    return row('Takes you to', strong(host), 'an app on this device that opens such links');
  return row('Takes you to', strong(host));
}

function strong(text: string): Html {
  return html`<strong>${text}</strong>`;
}

function shared(scopes: readonly string[]): Html | undefined {
  if (scopes.length === 0) return undefined;
  const shown = scopes.slice(0, 12).map(
    (scope) => html`<li>${scopeWords.get(scope) ?? html`<code>${cutEnd(scope, 48)}</code>`}</li>
`,
  );
  const more =
    scopes.length > shown.length &&
    html`<li>and ${scopes.length - shown.length} more</li>
`;
  return html`<h2>The app gets</h2>
<ul>
${shown}${more}</ul>
`;
}
