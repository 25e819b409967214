import type { Pages } from '../access/pages.ts';
import { html } from './html.ts';
import { renderDocument } from './layout.ts';
import { appName } from './text.ts';

/** After a logout without a registered address to return to; with a `clientName` only that app was left. */
export const loggedOut: Pages['loggedOut'] = ({ clientName }) => {
  const app = clientName === undefined ? undefined : appName(clientName);
  const card =
    app === undefined
      ? html`<h1>You are signed out</h1>
<p>Your session with the login server in this browser has ended. You can close this page.</p>`
      : html`<h1>You have left <bdi>${app}</bdi></h1>
<p>The login server has ended your session with this app. You can close this page.</p>`;
  const note = html`
<p class="notice">The next login from this device needs no password: on this tailnet the device says who you are.</p>`;
  return renderDocument({ title: 'Signed out', card: html`${card}${note}` });
};
