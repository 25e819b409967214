import type { ModelAdapter } from '../store.ts';
import type { Context } from './base-adapter.ts';
import { CodeAdapter } from './codes.ts';
import { GrantAdapter } from './grants.ts';
import { InteractionAdapter } from './interactions.ts';
import { RecordAdapter } from './records.ts';
import { RefreshAdapter, type RefreshLimits } from './refresh.ts';
import { SessionEndAdapter } from './session-ends.ts';
import { SessionAdapter } from './sessions.ts';
import { TokenAdapter } from './tokens.ts';

/** oidc-provider's adapter factory. One adapter a model, so that statements are prepared once. */
export function modelAdapters(
  context: Context,
  limits: RefreshLimits,
): (model: string) => ModelAdapter {
  const adapters = new Map<string, ModelAdapter>();
  return (model) => {
    const known = adapters.get(model);
    if (known) return known;
    const adapter = createAdapter(context, limits, model);
    adapters.set(model, adapter);
    return adapter;
  };
}

function createAdapter(context: Context, limits: RefreshLimits, model: string): ModelAdapter {
  switch (model) {
    case 'Grant':
      return new GrantAdapter(context, model);
    case 'AuthorizationCode':
      return new CodeAdapter(context, model);
    case 'AccessToken':
      return new TokenAdapter(context, model);
    case 'RefreshToken':
      return new RefreshAdapter(context, model, limits);
    case 'Session':
      return new SessionAdapter(context, model);
    case 'SessionEnd':
      return new SessionEndAdapter(context, model);
    case 'Interaction':
      return new InteractionAdapter(context, model);
    case 'Client':
      throw new TypeError('clients are in the client table, not behind a model adapter');
    default:
      return new RecordAdapter(context, model);
  }
}
