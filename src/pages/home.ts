import type { Pages } from '../access/pages.ts';
import { type Html, html } from './html.ts';
import { renderDocument } from './layout.ts';
import { personRows, row } from './person.ts';
import { appName, cutEnd, cutMiddle, plainText } from './text.ts';

/** What somebody sees who opens the issuer's address itself. */
export const home: Pages['home'] = ({ person, refusal, issuer, apps }) => {
  const card = html`<h1>Login server of this tailnet</h1>
<p>Apps send you here to learn who you are, and you are sent right back.${!apps && ' There is nothing to do on this page.'}</p>
${who(person !== undefined ? personRows(person) : undefined, refusal)}<h2>For apps</h2>
<dl>
${row('Issuer', cutMiddle(plainText(issuer), 280))}</dl>${apps && appList(apps)}`;
  return renderDocument({ title: 'Login server of this tailnet', card });
};

function who(rows: readonly Html[] | undefined, refusal: string | undefined): Html | undefined {
  if (rows) {
    return html`<h2>Who you are to this server</h2>
<dl>
${rows}</dl>
`;
  }
  if (refusal === undefined) return undefined;
  return html`<h2>You could not log in from here</h2>
<p class="notice"><bdi>${cutEnd(refusal, 600)}</bdi></p>
`;
}

/** More than that is for the command line; no page may grow without end. */
const mostApps = 500;

function appList(apps: readonly { readonly id: string; readonly name: string }[]): Html {
  const items = apps.slice(0, mostApps).map(
    ({ id, name }) =>
      html`<li><a href="/edit/${encodeURIComponent(id)}"><bdi>${appName(name)}</bdi></a> <small><code>${cutEnd(id, 128)}</code></small></li>
`,
  );
  const more =
    apps.length > mostApps &&
    html`<li>and ${apps.length - mostApps} more: “tsidp clients list” names all</li>
`;
  const list =
    apps.length === 0
      ? html`<p>None yet.</p>`
      : html`<ul>
${items}${more}</ul>`;
  return html`
<h2>Apps that you can manage</h2>
${list}
<p class="buttons"><a class="button main" href="/new">Add an app</a></p>`;
}
