import type { Client } from 'oidc-provider';
import type { ClientOptions } from '../config/client-options.ts';
import type { Known } from '../identity/identity.ts';
import { subjectOf } from '../identity/subject.ts';
import type { ClientClaims } from '../policy/client-claims.ts';
import { type AccessMode, decideEnter } from '../policy/decide.ts';
import { decideQuarantine } from '../policy/decide-quarantine.ts';
import type { Decision } from '../policy/decision.ts';
import { type Rules, rulesOf } from '../policy/grant.ts';
import type { Requirement } from '../policy/requirement.ts';
import type { StoredClient } from '../store/store.ts';
import { optionsOf } from './client-settings.ts';
import { cameByItself, isSelfRegistered } from './self-registered.ts';

/** What policy asks about an app. */
export interface App {
  readonly id: string;
  readonly name: string;
  /** An operator gave it its name; a client that registered itself could have taken any. */
  readonly nameTrusted: boolean;
  /** Its own; undefined: the general one. */
  readonly access: AccessMode | undefined;
  readonly requires: Requirement | undefined;
  readonly claims: ClientClaims | undefined;
  /** The only scopes that it may get; undefined: all. */
  readonly scopes: readonly string[] | undefined;
  /** It registered itself and waits for an administrator: nobody enters it. */
  readonly quarantined: boolean;
}

export interface EnterSettings {
  readonly access: AccessMode;
  /** Hears of the rules of everybody who is decided about, for the log. */
  readonly onRules?: (subject: string, rules: Rules) => void;
}

/** The app of a request. */
export function appOf(client: Client): App {
  const { clientId: id, clientName: name = id } = client;
  return {
    id,
    name,
    nameTrusted: !isSelfRegistered(client),
    ...own(optionsOf(client)),
  };
}

/** The same app, as commands read it. */
export function appOfStored({
  id,
  metadata,
  options,
  source,
}: Pick<StoredClient, 'id' | 'metadata' | 'options' | 'source'>): App {
  const { client_name: name } = metadata;
  return {
    id,
    name: typeof name === 'string' ? name : id,
    nameTrusted: !cameByItself({ source, options }),
    ...own(options),
  };
}

function own({ access, requires, claims, scopes, quarantined }: ClientOptions) {
  return { access, requires, claims, scopes, quarantined: quarantined === true };
}

/** May whoever was identified enter this app? Every place that asks this asks it here, with the same facts. */
export function enter(app: App, { identity, capMap }: Known, settings: EnterSettings): Decision {
  const rules = rulesOf(capMap);
  settings.onRules?.(subjectOf(identity), rules);
  if (app.quarantined) return decideQuarantine(app.id);
  return decideEnter({
    identity,
    rules,
    clientId: app.id,
    clientName: app.name,
    clientNameTrusted: app.nameTrusted,
    access: app.access ?? settings.access,
    requires: app.requires,
    capMap,
  });
}
