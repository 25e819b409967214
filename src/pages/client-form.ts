import { type Html, html } from './html.ts';
import { renderDocument } from './layout.ts';
import { row } from './person.ts';
import { appName, cutEnd, cutMiddle, plainText } from './text.ts';

/** What somebody typed, or what is stored, and what is wrong with it. */
export interface ClientFields {
  readonly name: string;
  readonly redirectUris: readonly string[];
  /** One sentence each, beside its field. */
  readonly problems: {
    readonly name?: readonly string[];
    readonly redirectUris?: readonly string[];
    /** The box beside "Remove". */
    readonly sure?: readonly string[];
  };
}

/** `/new`: a form that works without scripts. */
export function newClientPage(fields: ClientFields & { readonly isPublic: boolean }): string {
  const card = html`<h1>Add an app</h1>
<p>It gets a client ID and a secret, and people of this tailnet can log in to it at once, unless the tailnet policy says otherwise.</p>
<form method="post" action="/new">
${nameField(fields)}${urisField(fields)}<p class="field check"><input type="checkbox" id="public" name="public" value="yes"${fields.isPublic && html` checked`}>
<label for="public">It can’t keep a secret: a single-page, mobile or command-line app, which must use PKCE</label></p>
<p class="buttons"><button type="submit" class="main">Add</button><a class="button" href="/">Cancel</a></p>
</form>`;
  return renderDocument({ title: 'Add an app', card });
}

export interface ShownClient {
  readonly id: string;
  /** As stored, whatever the fields hold. */
  readonly name: string | undefined;
  readonly hasSecret: boolean;
  /** `secret`, `keys`, `tagged node tag:ci` or `none`. */
  readonly authentication: string;
  /** In words: where it comes from. */
  readonly origin: string;
}

/** `/edit/{id}` of a client that may be changed. */
export function editClientPage(
  client: ShownClient,
  fields: ClientFields,
  isSaved: boolean,
): string {
  const app = appName(client.name);
  const action = `/edit/${encodeURIComponent(client.id)}`;
  const card = html`<h1>Edit <bdi>${app}</bdi></h1>
${
  isSaved &&
  html`<p class="notice" role="status">Saved. It takes effect at once.</p>
`
}<dl>
${clientRows(client)}</dl>
<form method="post" action="${action}">
${nameField(fields)}${urisField(fields)}<p class="buttons"><button type="submit" name="action" value="save" class="main">Save</button><a class="button" href="/">Back</a></p>
</form>
${
  client.hasSecret &&
  html`<details><summary>Make a new secret</summary>
<p>The old one is refused at once, so the app can’t log anybody in until it has the new one.</p>
<form method="post" action="${action}"><p class="buttons"><button type="submit" name="action" value="rotate-secret">Make a new secret</button></p></form>
</details>
`
}<details${fields.problems.sure && html` open`}><summary>Remove this app</summary>
<p>Its codes and tokens end with it, and nobody can log in to it any more.</p>
<form method="post" action="${action}">
<p class="field check"><input type="checkbox" id="sure" name="sure" value="yes"${invalid('sure', fields.problems.sure)}>
<label for="sure">Remove <bdi>${app}</bdi> for good</label></p>
${problemsOf('sure', fields.problems.sure)}<p class="buttons"><button type="submit" name="action" value="remove">Remove</button></p>
</form>
</details>`;
  return renderDocument({ title: `Edit ${app}`, card });
}

/** `/edit/{id}` of a client of the configuration file. */
export function declaredClientPage(client: ShownClient, redirectUris: readonly string[]): string {
  const app = appName(client.name);
  const card = html`<h1><bdi>${app}</bdi></h1>
<p class="notice">This app is declared in the configuration file: change it there, and restart the server.</p>
<dl>
${clientRows(client)}${redirectUris.slice(0, 50).map((uri) => row('Redirect URI', cutMiddle(plainText(uri), 300)))}</dl>
<p class="buttons"><a class="button" href="/">Back</a></p>`;
  return renderDocument({ title: app, card });
}

export interface SecretFacts {
  readonly id: string;
  readonly name: string | undefined;
  /** Undefined for a public client. */
  readonly secret: string | undefined;
  readonly issuer: string;
  readonly isNew: boolean;
}

/** What the app must be told. The secret stands on no other page. */
export function secretPage({ id, name, secret, issuer, isNew }: SecretFacts): string {
  const app = appName(name);
  const heading = isNew
    ? html`<bdi>${app}</bdi> is added`
    : html`<bdi>${app}</bdi> has a new secret`;
  const shown =
    secret === undefined
      ? row('Client secret', 'none: it must use PKCE with S256')
      : row('Client secret', html`<code>${secret}</code>`);
  const once =
    secret !== undefined &&
    html`<p class="notice">The secret is shown this once: only a digest of it is kept. Copy it into the app now.</p>
`;
  const card = html`<h1>${heading}</h1>
${once}<dl>
${row('Issuer', cutMiddle(plainText(issuer), 280))}${row('Client ID', html`<code>${cutEnd(id, 128)}</code>`)}${shown}</dl>
<p class="buttons"><a class="button main" href="/">Done</a><a class="button" href="/edit/${encodeURIComponent(id)}">Edit</a></p>`;
  return renderDocument({ title: isNew ? `${app} is added` : `${app} has a new secret`, card });
}

const authenticationWords: Readonly<Record<string, string>> = {
  secret: 'a secret, kept as a digest',
  keys: 'signs with keys of its own (private_key_jwt)',
  none: 'none: a public client',
};

function clientRows({ id, authentication, origin }: ShownClient): readonly Html[] {
  const words = authenticationWords[authentication] ?? `${authentication}, without a secret`;
  return [
    row('Client ID', html`<code>${cutEnd(id, 128)}</code>`),
    row('Authentication', cutMiddle(plainText(words), 300)),
    row('From', origin),
  ];
}

function nameField({ name, problems }: ClientFields): Html {
  return html`<p class="field"><label for="name">Name</label>
<input type="text" id="name" name="name" value="${name}" required autocomplete="off"${invalid('name', problems.name)}>
<small>What pages call the app. At most 100 characters.</small></p>
${problemsOf('name', problems.name)}`;
}

/** The first line feed after the tag is not part of the value. */
function urisField({ redirectUris, problems }: ClientFields): Html {
  const lines = redirectUris.slice(0, 60).map(
    (uri) => html`${uri}
`,
  );
  return html`<p class="field"><label for="redirect_uri">Redirect URIs</label>
<textarea id="redirect_uri" name="redirect_uri" rows="4" autocomplete="off" spellcheck="false"${invalid('redirect_uri', problems.redirectUris)}>
${lines}</textarea>
<small>Where logins return to, one per line, compared exactly. The app’s own documentation names it.</small></p>
${problemsOf('redirect_uri', problems.redirectUris)}`;
}

function invalid(field: string, problems: readonly string[] | undefined): Html | undefined {
  return problems && html` aria-invalid="true" aria-describedby="${field}-problem"`;
}

function problemsOf(field: string, problems: readonly string[] | undefined): Html | undefined {
  if (!problems) return undefined;
  const items = problems.slice(0, 20).map(
    (problem) => html`<li><bdi>${cutMiddle(plainText(problem), 400)}</bdi></li>
`,
  );
  return html`<ul class="problem" id="${field}-problem" role="alert">
${items}</ul>
`;
}
