import type { Pages } from '../access/pages.ts';
import { html } from './html.ts';
import { renderDocument } from './layout.ts';
import { personRows } from './person.ts';
import { appName } from './text.ts';

/** What the link of a denial leads to once the denial no longer holds. */
export const mayEnter: Pages['mayEnter'] = ({ person, clientName }) => {
  const app = appName(clientName);
  const card = html`<h1>You may enter <bdi>${app}</bdi></h1>
<p>Nothing keeps you out any more. Go back to the app and log in again.</p>
<dl>
${personRows(person)}</dl>`;
  return renderDocument({ title: `You may enter ${app}`, card });
};
