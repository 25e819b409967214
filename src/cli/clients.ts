import { ClientProblem } from '../clients/client-problem.ts';
import type { ClientView } from '../clients/client-view.ts';
import type { AddedClient } from '../clients/manage-clients.ts';
import type { Mark } from '../clients/mark-clients.ts';
import type { Config } from '../config/config.ts';
import { noSuchClient } from './client-store.ts';
import { runningClients } from './clients-of-daemon.ts';
import { storedClients } from './clients-of-store.ts';
import { CommandError } from './command.ts';

/**
 * What the `clients` commands do, by the daemon when one runs and in its database when none does: the same code
 * behind both, the same answers. Throws `ClientProblem` about clients, `CommandError` about the daemon.
 */
export interface Clients {
  list(): Promise<ClientView[]>;
  show(id: string): Promise<ClientView>;
  /** @param generate makes its secret */
  add(declaration: Readonly<Record<string, unknown>>, generate: boolean): Promise<AddedClient>;
  /** @returns the new secret, unless it was chosen */
  rotateSecret(id: string, chosen: string | undefined): Promise<string | undefined>;
  mark(id: string, mark: Mark): Promise<ClientView>;
  remove(id: string): Promise<ClientView>;
}

/** Runs `act` on the clients of the daemon, or of its database; problems become words. */
export const withClients = async <T>(
  config: Config,
  act: (clients: Clients) => Promise<T>,
): Promise<T> => {
  try {
    const running = await runningClients(config.stateDirectory);
    return await act(running ?? storedClients(config));
  } catch (error) {
    if (error instanceof ClientProblem) throw inWords(error, config);
    throw error;
  }
};

const inWords = ({ code, id, problems }: ClientProblem, config: Config): CommandError => {
  const client = `client ${JSON.stringify(id)}`;
  switch (code) {
    case 'invalid': {
      const lines = problems.map(({ path, text }) => `${path.join('.')}: ${text}`);
      return new CommandError(lines.join('\n'));
    }
    case 'taken':
      return new CommandError(`${client} exists already: choose another --id`);
    case 'declared':
      return new CommandError(
        `${client} is declared in the configuration file: change it there and restart tsidp`,
      );
    case 'public':
      return new CommandError(
        `${client} has no secret to replace: "tsidp clients show" says how it authenticates`,
      );
    case 'entered':
      return new CommandError(
        `${client} did not register itself: it needs no approval, and "tsidp clients remove" ends it`,
      );
    case 'not-found':
      return noSuchClient(config, id);
  }
};
