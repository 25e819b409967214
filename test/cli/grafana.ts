import { loadOrCreateSecretKey } from '../../src/clients/secret-key.ts';
import { createSecretChecker } from '../../src/clients/secrets.ts';
import { systemClock } from '../../src/clock.ts';
import type { StoredClient } from '../../src/store/store.ts';
import type { makeCli } from './run.ts';

type Cli = ReturnType<typeof makeCli>;

export const uri = 'https://grafana.example/login/generic_oauth';
export const addGrafana = [
  'clients',
  'add',
  '--id',
  'grafana',
  '--name',
  'Grafana',
  '--redirect-uri',
  uri,
];

export const secretIn = (out: string): string =>
  /client secret +([\w-]{43}) /u.exec(out)?.[1] ?? '';

/** Whether the secret logs in, as the daemon would check it. */
export const fits = (cli: Cli, id: string, secret: string): Promise<boolean> =>
  cli.withStore(async (store) => {
    const client = await store.clients.find(id);
    const checker = createSecretChecker({ key: await loadOrCreateSecretKey(store, systemClock) });
    const who = { clientId: id, peer: '100.64.0.7' };
    return checker.check(client?.secretVerifier ?? '', secret, who);
  });

export const find = (cli: Cli, id: string): Promise<StoredClient | undefined> =>
  cli.withStore((store) => store.clients.find(id));

export const auditOf = (cli: Cli) => cli.withStore((store) => store.audit.list(10));
