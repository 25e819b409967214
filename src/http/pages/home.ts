import type { Pages } from '../../provider/pages.ts';
import { type Html, html } from './html.ts';
import { renderDocument } from './layout.ts';
import { personRows, row } from './person.ts';
import { cutEnd, cutMiddle, plainText } from './text.ts';

/** What somebody sees who opens the issuer's address itself. */
export const home: Pages['home'] = ({ person, refusal, issuer }) => {
  const card = html`<h1>Login server of this tailnet</h1>
<p>Apps send you here to learn who you are, and you are sent right back. There is nothing to do on this page.</p>
${who(person !== undefined ? personRows(person) : undefined, refusal)}<h2>For apps</h2>
<dl>
${row('Issuer', cutMiddle(plainText(issuer), 280))}</dl>`;
  return renderDocument({ title: 'Login server of this tailnet', card });
};

function who(rows: readonly Html[] | undefined, refusal: string | undefined): Html | undefined {
  if (rows) {
    return html`<h2>Who you are for this server</h2>
<dl>
${rows}</dl>
`;
  }
  if (refusal === undefined) return undefined;
  return html`<h2>You could not log in from here</h2>
<p class="notice"><bdi>${cutEnd(refusal, 600)}</bdi></p>
`;
}
