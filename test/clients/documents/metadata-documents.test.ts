import { describe, expect, it } from 'vitest';
import {
  createMetadataDocuments,
  documentsWork,
} from '../../../src/clients/documents/metadata-documents.ts';
import type { DocumentSettings } from '../../../src/config/pinned-documents.ts';
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts';

const url = 'https://agent.example/client.json';
const pinned = new Map([[url, { client_name: 'Agent', redirect_uris: ['https://a.example/'] }]]);
const clock = { nowSeconds: () => 1_800_000_000 };

/** Whoever asks a host, or lets anybody in, fails the test. */
function finder(settings: Partial<DocumentSettings>) {
  const store = openSqlite({ path: ':memory:', clock });
  const never = () => Promise.reject(new Error('asked'));
  return createMetadataDocuments({
    mode: 'public',
    allowedHosts: [],
    pinned: new Map(),
    ...settings,
    fetch: never,
    introduce: never,
    quarantine: true,
    documents: store.documents,
    consents: store.consents,
    audit: store.audit,
    clock,
  });
}

describe('pinned metadata documents', () => {
  it.each(['allowed', 'public'] as const)('need no network, in mode %s', async (mode) => {
    expect(await finder({ mode, pinned })(url)).toMatchObject({
      id: url,
      source: 'metadata-document',
      metadata: { client_name: 'Agent' },
    });
  });

  it('T41 are another client for consent with every change of them', async () => {
    const digestOf = async (more: object) => {
      const metadata = { client_name: 'Agent', redirect_uris: ['https://a.example/'], ...more };
      const client = await finder({ mode: 'allowed', pinned: new Map([[url, metadata]]) })(url);
      return client?.options.redirectsDigest;
    };
    expect(await digestOf({})).toBe(await digestOf({ client_name: 'Agent' }));
    expect(await digestOf({ post_logout_redirect_uris: ['https://b.example/'] })).not.toBe(
      await digestOf({}),
    );
  });

  it('are alone where no host is listed', async () => {
    await expect(finder({ mode: 'allowed', pinned })(`${url}?2`)).rejects.toMatchObject({
      error: 'invalid_client',
      error_description: expect.stringContaining('not accepted here'),
    });
  });
});

describe('other IDs', () => {
  it.each(['grafana', 'node-nAbCdEf', 'urn:x:y', 'mailto:a@b', '', 'https', 'ftp://a/'])(
    'are none of ours: %j',
    async (id) => {
      expect(await finder({ pinned })(id)).toBeUndefined();
    },
  );

  it('are all, when it is off', async () => {
    expect(await finder({ mode: 'off', pinned })(url)).toBeUndefined();
  });
});

it.each<[Partial<DocumentSettings>, boolean]>([
  [{ mode: 'off', pinned, allowedHosts: ['a.example'] }, false],
  [{ mode: 'allowed' }, false],
  [{ mode: 'allowed', pinned }, true],
  [{ mode: 'allowed', allowedHosts: ['a.example'] }, true],
  [{ mode: 'public' }, true],
])('is advertised when it can work: %#', (settings, works) => {
  const all = { mode: 'off' as const, allowedHosts: [], pinned: new Map(), ...settings };
  expect(documentsWork(all)).toBe(works);
});
