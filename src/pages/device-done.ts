import type { Pages } from '../access/pages.ts';
import { html } from './html.ts';
import { renderDocument } from './layout.ts';
import { appName } from './text.ts';

/** The end of the way here; the rest happens on the device. */
export const deviceDone: Pages['deviceDone'] = ({ allowed, clientName }) => {
  const app = appName(clientName);
  const title = allowed ? 'Your device is allowed' : 'Denied';
  const card = allowed
    ? html`<h1>${title}</h1>
<p><strong><bdi>${app}</bdi></strong> goes on by itself in a few seconds. You can close this page.</p>`
    : html`<h1>${title}</h1>
<p>The device gets nothing, and <strong><bdi>${app}</bdi></strong> is told so. You can close this page.</p>`;
  return renderDocument({ title, card });
};
