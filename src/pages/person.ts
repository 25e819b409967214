import type { PagePerson } from '../access/pages.ts';
import { type Html, html } from './html.ts';
import { cutEnd, cutMiddle, plainText } from './text.ts';

/** The login in at most `limit` UTF-16 code units; its domain stays. */
export function loginText(person: PagePerson, limit: number): string {
  return cutMiddle(plainText(person.login), limit);
}

/** One line of a definition list; `bdi` keeps right-to-left text from reordering what stands around it. */
export function row(label: string, value: string | Html, note?: string): Html {
  const small = note !== undefined && html`<small><bdi>${note}</bdi></small>`;
  return html`<div><dt>${label}</dt><dd><bdi>${value}</bdi>${small}</dd></div>
`;
}

/** Who somebody is for us: login with display name and device, or a machine with its tags. */
export function personRows(person: PagePerson): readonly Html[] {
  const device = cutMiddle(plainText(person.device), 128);
  if (person.tags.length > 0) {
    const tags = person.tags.slice(0, 20).map((tag) => cutEnd(tag, 60));
    if (person.tags.length > tags.length) tags.push('…');
    return [row('This machine', device), row('Its tags', tags.join(', '))];
  }
  const name = cutEnd(person.displayName ?? '', 60).trim();
  const login = loginText(person, 120);
  return [
    name === '' || person.displayName === person.login
      ? row('You', login)
      : row('You', login, name),
    row('Your device', device),
  ];
}
