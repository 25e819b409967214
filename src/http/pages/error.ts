import type { ErrorPage } from '../../provider/pages.ts';
import { wordsFor } from './error-words.ts';
import { type Html, html } from './html.ts';
import { renderDocument } from './layout.ts';
import { personRows } from './person.ts';
import { cutEnd } from './text.ts';

export function error(page: ErrorPage): string {
  const { heading, explanation } = wordsFor(page);
  const description = cutEnd(page.description, 600).trim();
  const card = html`<h1>${heading}</h1>
<p>${explanation}</p>
${
  description !== '' &&
  html`<p class="notice"><bdi>${sentence(description)}</bdi></p>
`
}${tryAgain(page.status)}${who(page)}<p class="soft">Error <code>${cutEnd(page.error, 80)}</code> (${page.status}), request <code>${cutEnd(page.requestId, 80)}</code>. Whoever runs this server finds the request in its log.</p>`;
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

/** Without a person nothing is said, unless that is why there was no login: some errors come before anybody asked. */
function who({ person, error: code }: ErrorPage): Html | false {
  if (person) {
    return html`<h2>Who you are for this server</h2>
<dl>
${personRows(person)}</dl>
`;
  }
  return (
    code === 'access_denied' &&
    html`<h2>Who you are for this server</h2>
<p>Nobody: we know this connection as no person and no machine that may log in.</p>
`
  );
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
