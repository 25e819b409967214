import type { Pages } from '../access/pages.ts';
import { html } from './html.ts';
import { renderDocument } from './layout.ts';
import { personRows } from './person.ts';
import { appName } from './text.ts';

/** Exactly what oidc-provider hands to `logoutSource`: one form with one hidden field. */
const logoutForm =
  /^<form id="op\.logoutForm" method="post" action="(?<action>[^"&<>]+)"><input type="hidden" name="xsrf" value="(?<xsrf>[^"&<>]+)"\/><\/form>$/u;

/**
 * The form is taken apart and written anew, so that no markup from outside gets into a page (T09).
 * Its answer is `logout=yes`, or nothing to stay (OpenID Connect RP-Initiated Logout 1.0 section 2).
 *
 * @throws Error when oidc-provider's form has another shape than the one we know.
 */
export const logout: Pages['logout'] = ({ form, person, clientName }) => {
  const { action, xsrf } = logoutForm.exec(form)?.groups ?? {};
  if (action === undefined || xsrf === undefined) {
    throw new Error('unknown shape of the logout form: oidc-provider has changed its markup');
  }
  const app = clientName === undefined ? undefined : appName(clientName);
  const card = html`<h1>Sign out?</h1>
<p>${app !== undefined && html`<strong><bdi>${app}</bdi></strong> asks to sign you out of your tailnet’s login server, too. `}Signing out ends your session in this browser and takes back the access that apps got through it.</p>
${
  person &&
  html`<dl>
${personRows(person)}</dl>
`
}<p class="notice">On this tailnet your device says who you are: the next login from it needs no password. To lock others out, lock or disconnect the device.</p>
<form id="op.logoutForm" method="post" action="${action}" class="buttons">
<input type="hidden" name="xsrf" value="${xsrf}">
<button type="submit" name="logout" value="yes" class="main">Sign out</button>
<button type="submit">Stay signed in</button>
</form>`;
  return renderDocument({ title: 'Sign out?', card });
};
