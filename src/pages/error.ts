import type { DenialFacts, ErrorPage } from '../access/pages.ts';
import { wordsFor } from './error-words.ts';
import { type Html, html, preformatted } from './html.ts';
import { renderDocument } from './layout.ts';
import { personRows, row } from './person.ts';
import { appName, cutEnd, plainText } from './text.ts';

export function error(page: ErrorPage): string {
  const { heading, explanation } = wordsFor(page);
  const description = cutEnd(page.description, 600).trim();
  const card = html`<h1>${heading}</h1>
<p>${explanation}</p>
${
  description !== '' &&
  html`<p class="notice"><bdi>${sentence(description)}</bdi></p>
`
}${tryAgain(page.status)}${who(page)}${page.denial && whyNot(page.denial)}${page.back && wayBack(page.back)}<p class="soft">Error <code>${cutEnd(page.error, 80)}</code> (${page.status}), request <code>${cutEnd(page.requestId, 80)}</code>. Whoever runs this server finds the request in its log.</p>`;
  return renderDocument({ title: heading, card });
}

/** The empty address is the page's own: the browser asks again for what it could not get. */
function tryAgain(status: number): Html | false {
  return (
    status === 503 &&
    html`<p class="buttons"><a class="button main" href="">Try again</a></p>
`
  );
}

/** An app that came by itself: whoever made it could have made this error to get people to their site. */
function wayBack({ host, url }: NonNullable<ErrorPage['back']>): Html {
  return html`<h2>Back to the app</h2>
<p>This app introduced itself, and you have not allowed it anything. So you stayed here. It is waiting for the answer at</p>
<p><bdi>${plainText(host)}</bdi></p>
<p class="buttons"><a class="button" rel="noreferrer" href="${url}">Go there, if you trust that address</a></p>
`;
}

/** Without a person nothing is said, unless that is why there was no login: some errors come before anybody asked. */
function who({ person, error: code, denial }: ErrorPage): Html | false {
  if (person) {
    return html`<h2>Who you are to this server</h2>
<dl>
${personRows(person)}${denial && askedFor(denial)}</dl>
`;
  }
  return (
    code === 'access_denied' &&
    html`<h2>Who you are to this server</h2>
<p>Nobody: this connection belongs to no person or machine that may log in.</p>
`
  );
}

function askedFor({ clientName, clientId }: DenialFacts): Html {
  const id = clientId === clientName ? undefined : cutEnd(clientId, 128);
  return row('You asked for', appName(clientName), id);
}

/** The steps of the decision, and the grant that would change it, for whoever runs the tailnet. */
function whyNot({ trace, grant }: DenialFacts): Html {
  const steps = trace.slice(0, 40).map(
    (step) => html`<li>${cutEnd(step, 240)}</li>
`,
  );
  const remedy =
    grant === undefined
      ? html`<p>No grant of the tailnet policy changes this: it is set in this app’s configuration on the login server.</p>`
      : html`<p>This grant in the tailnet policy lets you in. Send it to whoever runs the tailnet: it is for the list <code>grants</code>, and takes effect about a second after it is saved.</p>
<pre tabindex="0">${preformatted(grant)}</pre>`;
  return html`<h2>Why not</h2>
<ul class="soft">
${steps}</ul>
<h2>What would change it</h2>
${remedy}
`;
}

/**
 * Descriptions come as OAuth parameters, often without a capital or a full stop. A word that is a parameter's name
 * (`redirect_uri`) stays as it is.
 */
function sentence(description: string): string {
  const begun = /^[a-z]+(?=[ ,])/u.test(description)
    ? description.charAt(0).toUpperCase() + description.slice(1)
    : description;
  return /[.!?…]\)?$/u.test(begun) ? begun : `${begun}.`;
}
