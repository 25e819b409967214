import Provider, { type AdapterPayload } from 'oidc-provider';
import { knownFacts } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import type { RegistrationConfig } from '../../config/registration-schema.ts';
import { isOwnMember } from '../../store/client-members.ts';
import type { AuditRecord, Exceeded, Store, StoredClient } from '../../store/store.ts';
import { endTrust, isApproved, whatEnded } from '../client-trust.ts';
import type { ClientWriter } from '../clients.ts';
import type { SecretChecker } from '../secrets.ts';
import { createRate, type Registrant, tooMany, whoIs } from './registrant.ts';
import { registrantOf } from './registration.ts';

export interface ClientWriterParts {
  readonly settings: ProviderSettings;
  readonly store: Store;
  readonly secrets: SecretChecker;
}

export function createClientWriter({ settings, store, secrets }: ClientWriterParts): ClientWriter {
  const { clock, registration: limits } = settings;
  const takeRoom = createRate(limits, clock, 'changed');
  const record = (client: string, more: Omit<Partial<AuditRecord>, 'event'>): void =>
    settings.audit.append({ at: clock.nowSeconds(), event: 'client', client, ...more });

  const add = async (id: string, written: Written): Promise<void> => {
    const { ctx } = Provider;
    if (!ctx) throw new Error('a client is registered outside a request');
    const registrant = registrantOf(ctx);
    const { identity, trace, ...from } = registrant;
    const at = clock.nowSeconds();
    const client: StoredClient = {
      id,
      metadata: written.metadata,
      options: limits.quarantine ? { quarantined: true } : {},
      secretVerifier: written.secretVerifier,
      source: 'dynamic',
      createdAt: at,
      updatedAt: at,
    };
    const who = identity
      ? whoIs(identity)
      : { subject: undefined, login: undefined, device: undefined };
    const exceeded = await store.registrations.add(
      client,
      { clientId: id, ...from, ...who, registeredAt: at, usedAt: undefined },
      quotaOf(registrant, limits),
    );
    if (exceeded) throw tooMany(quotaWords[exceeded](limits, registrant));
    const { address, listener, origin } = from;
    const detail = { action: 'register', ...asked(client), address, listener, origin, trace };
    record(id, { ...who, detail });
  };

  const change = async (id: string, written: Written): Promise<void> => {
    const { ctx } = Provider;
    if (!ctx) throw new Error('a client is changed outside a request');
    const registration = await store.registrations.find(id);
    // whoever has the token may be anywhere: it counts for who registered it
    takeRoom(ctx, {
      peer: registration?.peer ?? id,
      isStranger: registration?.subject === undefined,
    });
    // as late as can be: what an administrator said of it meanwhile must not be overwritten
    const before = await store.clients.find(id);
    if (before?.source !== 'dynamic') throw new Error('only clients that registered themselves');
    const { client, isOther } = changed(before, written, clock.nowSeconds(), limits);
    await store.clients.save(client);
    secrets.forget(id);
    const ended = isOther ? whatEnded(isApproved(before), await store.consents.forget(id)) : {};
    record(id, { detail: { action: 'update', ...asked(client), ...ended, ...fromWhere() } });
  };

  return {
    async upsert(id, payload) {
      if (await store.clients.find(id)) await change(id, writtenIn(payload));
      else await add(id, writtenIn(payload));
    },
    async destroy(id) {
      await settings.endings.end({
        what: { kind: 'client', id },
        why: 'client-left',
        record: { detail: { action: 'remove', by: 'client', ...fromWhere() } },
      });
    },
  };
}

interface Written {
  readonly metadata: StoredClient['metadata'];
  readonly secretVerifier: string | null;
}

/** What oidc-provider writes of a client; its `client_secret` is the verifier that `secretFactory` gave it. */
function writtenIn(payload: AdapterPayload): Written {
  const { client_id: _, client_secret: verifier, ...rest } = payload as Record<string, unknown>;
  const isPublic = rest['token_endpoint_auth_method'] === 'none';
  return {
    metadata: Object.fromEntries(
      Object.entries(rest).filter(([name, value]) => value !== undefined && !isOwnMember(name)),
    ),
    secretVerifier: typeof verifier === 'string' && !isPublic ? verifier : null,
  };
}

/**
 * What operators said of a client outlives its changes of itself; their approval, and a release where new clients
 * wait, ends with what they looked at.
 */
function changed(
  before: StoredClient,
  written: Written,
  updatedAt: number,
  { quarantine }: RegistrationConfig,
): ReturnType<typeof endTrust> {
  const { client, isOther } = endTrust(before, {
    ...before,
    ...written,
    updatedAt,
  });
  const waits = isOther && quarantine ? { quarantined: true } : {};
  return { client: { ...client, options: { ...client.options, ...waits } }, isOther };
}

function asked({ metadata }: StoredClient): Readonly<Record<string, unknown>> {
  return { name: metadata['client_name'], redirectUris: metadata['redirect_uris'] };
}

function fromWhere(): { peer?: string } {
  const facts = Provider.ctx && knownFacts(Provider.ctx);
  return facts ? { peer: facts.peer } : {};
}

function quotaOf(
  { identity }: Registrant,
  { perPeer, total, strangers }: RegistrationConfig,
): { perPeer: number; perPeerFromPages: number; total: number } {
  if (!identity) {
    const { perAddress } = strangers;
    return { perPeer: perAddress, perPeerFromPages: perAddress, total: strangers.total };
  }
  return { perPeer, perPeerFromPages: Math.max(1, Math.floor(perPeer / 2)), total };
}

const quotaWords: Readonly<
  Record<Exceeded, (limits: RegistrationConfig, registrant: Registrant) => string>
> = {
  perPeer: ({ unusedDays, strangers }, { identity }) =>
    identity
      ? `you have registered as many clients as one may: delete one (RFC 7592), or ask an administrator; unused ones are removed after ${unusedDays} days`
      : `this network has registered as many clients as one may: unused ones are removed after ${strangers.unusedDays} days`,
  perPeerFromPages: () =>
    'web pages in your browser have registered as many clients as they may: ask an administrator to remove some',
  total: () => 'as many clients are registered as are allowed: ask an administrator to remove some',
};
