import { runProvider } from '../engine/run-provider.ts';
import { type ChangeForm, normaliseForm } from './normalise-form.ts';
import type { Handler } from './route.ts';

/** What oidc-provider leaves to us at an endpoint that it answers. */
export interface Around {
  /** Makes the parameters of a form into what it reads. */
  readonly form?: ChangeForm;
  /** Makes its answer ours. */
  readonly after?: Handler;
}

/** The handler of an endpoint that oidc-provider answers. */
export function byProvider({ form, after }: Around = {}): Handler {
  return async (ctx, parts) => {
    await normaliseForm(ctx, form, parts);
    await runProvider(parts.provider(), ctx);
    await after?.(ctx, parts);
  };
}
