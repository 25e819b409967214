import type { ResourceDirectory } from '../access/resources.ts';
import { ConfigError } from '../config/config.ts';
import type { ResourceConfig } from '../config/resources-schema.ts';
import type { ClientTable } from '../store/store.ts';

/**
 * Audiences of declared resources, which no client may have as its ID, however it came: a JWT with that `aud` would
 * pass for one of its ID tokens at verifiers that look at no `typ`, which most do not. Whoever adds clients asks here,
 * and so does every look-up, for those that came another way (another process, an import, a metadata document).
 */
export function reservedIds(resources: ResourceDirectory): (id: string) => boolean {
  return (id) => resources.find(id) !== undefined;
}

export const reservedText =
  'is the audience of a declared resource, whose tokens would pass for logins of this app: choose another';

/**
 * A client under such an ID is from before the resource was declared. Metadata documents are left out: their IDs are
 * others' to choose, and nobody shall keep us from starting.
 * @throws ConfigError
 */
export async function checkAudiences(
  resources: readonly Pick<ResourceConfig, 'uri'>[],
  clients: Pick<ClientTable, 'find'>,
): Promise<void> {
  const problems: string[] = [];
  for (const [index, { uri }] of resources.entries()) {
    const client = await clients.find(uri);
    if (client === undefined) continue;
    problems.push(
      `resources[${index}].uri: "${uri}" is the ID of a client in the database, so that a token for it would pass for a login: choose another audience, or remove the client ("tsidp clients remove ${uri}")`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
}
