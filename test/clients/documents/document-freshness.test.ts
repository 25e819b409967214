import { describe, expect, it } from 'vitest';
import { freshnessOf } from '../../../src/clients/documents/document-freshness.ts';
import { checkDocumentId } from '../../../src/protocol/document-id.ts';

const now = 1_800_000_000;
const date = (seconds: number) => new Date((now + seconds) * 1000).toUTCString();

describe('how long a document is fresh (RFC 9111 4.2)', () => {
  it.each([
    [{}, 600],
    [{ 'cache-control': 'max-age=3600' }, 3600],
    [{ 'cache-control': 'public, MAX-AGE="3600", immutable' }, 3600],
    [{ 'cache-control': 'max-age=100, s-maxage=200' }, 200],
    [{ 'cache-control': 'max-age=3600', age: '3000' }, 600],
    [{ 'cache-control': 'max-age=3600', age: 'old' }, 3600],
    [{ 'cache-control': 'max-age=3600', age: '99999' }, 60],
    [{ 'cache-control': 'max-age=0' }, 60],
    [{ 'cache-control': 'no-cache' }, 60],
    [{ 'cache-control': 'private, max-age=3600' }, 60],
    [{ 'cache-control': 'max-age=-1' }, 600],
    [{ 'cache-control': 'max-age=99999999999999999999' }, 600],
    [{ 'cache-control': 'max-age=9999999999' }, 86_400],
    [{ 'cache-control': 'x-max-age=5' }, 600],
    [{ expires: date(7200), date: date(0) }, 7200],
    [{ expires: date(7200), date: date(3600) }, 3600],
    [{ expires: date(7200) }, 7200],
    [{ expires: date(-7200) }, 60],
    [{ expires: '0' }, 60],
    [{ expires: date(7200), 'cache-control': 'max-age=700' }, 700],
  ])('%j is %i seconds', (headers, seconds) => {
    expect(freshnessOf(headers, now)).toEqual({ freshSeconds: seconds, storable: true });
  });

  it('keeps what must not be stored for one login', () => {
    const headers = { 'cache-control': 'max-age=3600, no-store' };
    expect(freshnessOf(headers, now)).toEqual({ freshSeconds: 60, storable: false });
  });
});

describe('a URL as client ID', () => {
  const allowed = ['127.0.0.1:8080', 'localhost'];

  it.each([
    ...[
      'https://agent.example/client.json',
      'https://agent.example/',
      'https://agent.example:8443/a',
    ],
    ...['https://agent.example/a?b=c', 'http://127.0.0.1:8080/a', 'http://localhost/a'],
    ...['http://localhost:1/a', 'https://xn--bcher-kva.example/a', 'https://agent.example/%C3%A4'],
  ])('accepts %s', (id) => {
    expect(checkDocumentId(id, allowed)).toBeUndefined();
  });

  it.each([
    ...[
      'https://agent.example',
      'http://agent.example/a',
      'http://127.0.0.1:8081/a',
      'http://[::1]/',
    ],
    ...['https://user@agent.example/', 'https://u:p@agent.example/', 'https://agent.example/#a'],
    ...['https://agent.example/a#', 'https://agent.example/./a', 'https://agent.example/a/../b'],
    ...[
      'https://agent.example/%2e%2e/b',
      'https://agent.example/a%2Fb',
      'https://agent.example/%2E/',
    ],
    ...[
      'https://agent.example/a\\b',
      'https://agent.example\\@b.example/',
      'https:/agent.example/',
    ],
    ...['HTTPS://agent.example/', 'https://Agent.example/', 'https://agent.example:443/'],
    ...['https://agent.example/a b', ' https://agent.example/', 'https://agent.example/\n'],
    ...['https://a.example/;id', 'https://a.example/$(id)', 'https://a.example/`id`'],
    ...["https://a.example/'id'", 'https://a.example/?a&id', 'https://a.example/?|id'],
    ...['https://bücher.example/', 'https://0x7f.1/', 'https://agent.example/a%5cb', 'https:///'],
    `https://agent.example/${'a'.repeat(1024)}`,
  ])('refuses %j', (id) => {
    expect(checkDocumentId(id, allowed)).toBeDefined();
  });
});
