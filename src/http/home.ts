import type { Context } from 'koa';
import { factsOf } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';
import type { ClientManager } from '../clients/manage-clients.ts';
import { personOf } from '../engine/render.ts';
import { isAdministrator } from './administrator.ts';

export interface HomeParts {
  readonly settings: ProviderSettings;
  readonly clients: ClientManager;
}

/** Who somebody is for us; and for administrators the apps, as tsidp's page at this place has them. */
export async function showHome(ctx: Context, { settings, clients }: HomeParts): Promise<void> {
  const facts = factsOf(ctx);
  const identified = await facts.identify();
  const apps = (await isAdministrator(ctx, settings)) ? await clients.list() : undefined;
  ctx.type = 'html';
  ctx.body = settings.pages.home({
    person: await personOf(facts),
    refusal: identified.ok ? undefined : identified.refusal.message,
    issuer: settings.issuer,
    apps: apps
      ?.filter(({ shadowed }) => !shadowed)
      .map(({ id, metadata }) => ({ id, name: String(metadata['client_name'] ?? id) })),
  });
}
