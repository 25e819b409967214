import type { Provider } from 'oidc-provider';
import type { FamilyParts } from '../access/grant-family.ts';
import type { ProviderSettings } from '../access/settings.ts';
import type { SecretChecker } from '../clients/secrets.ts';
import type { ReadOwnJwt } from '../tokens/own-jwt.ts';
import { patchClaims } from './claims-result.ts';
import { patchClockTolerance } from './client-assertion.ts';
import { patchClientRules } from './client-rules.ts';
import { patchCodeUse } from './code-guard.ts';
import { patchDeviceCodes } from './device-codes.ts';
import { patchIdTokenHints } from './id-token-hint.ts';
import { patchOfflineAccess } from './offline-access.ts';
import { patchOmittedRedirect } from './omitted-redirect.ts';
import { patchTokenIds } from './ordered-ids.ts';
import { patchContext } from './plain-context.ts';
import { patchRefreshGrace } from './refresh-grace.ts';
import { patchReplayDetection } from './replay-limit.ts';
import { patchSessionEnd } from './session-end.ts';
import { patchStoredMembers } from './stored-members.ts';
import { patchStructuredTokens } from './structured-tokens.ts';
import { patchSessionLife } from './waiting.ts';

/** What the patches need, all of them together; each names its own part. */
export interface PatchParts {
  readonly settings: ProviderSettings;
  readonly family: FamilyParts;
  readonly secrets: SecretChecker;
  readonly readJwt: ReadOwnJwt;
}

export type Patch = (provider: Provider, parts: PatchParts) => void;

/**
 * Everything that changes oidc-provider where it has no documented hook, in the order in which it is done: a later one
 * goes around an earlier one of the same method. What can be configured, registered (`registerGrantType`) or listened
 * to is no patch and stands in `daemon/provider.ts`. `docs/engine.md` says of each what upstream would need, and is the
 * list to go through when oidc-provider gets a new version.
 */
export const patches: readonly Patch[] = [
  // What models hold

  // Grants, sessions and tokens store members of ours: device, session, grace, how long they wait
  patchStoredMembers,
  // claims whose names only the policy knows get into ID token and userinfo
  patchClaims,
  // a JWT access token leaves a row, so that it can be introspected, revoked and exchanged
  patchStructuredTokens,

  // When things end

  // a logout ends all that apps got through the session, and an ended one is not found again
  patchSessionEnd,
  // a session waits for the first code that is redeemed, and only then has its whole life (T39)
  patchSessionLife,
  // a refresh token says how long it is answered after its rotation
  patchRefreshGrace,

  // What is asked before a code or proof counts

  // tailscaled is asked before a code is used up, so that the next try is no replay (T31)
  patchCodeUse,
  // a code with PKCE needs no `redirect_uri` at the token endpoint (OAuth 2.1)
  patchOmittedRedirect,
  // a refresh may name `offline_access`, which its token is
  patchOfflineAccess,
  // `slow_down`, and a refusal that stays; a refused code is not asked about, so after the one above
  patchDeviceCodes,
  // only the very text that was issued is a hint (T11)
  patchIdTokenHints,
  // redirect URIs and secrets are compared by our rules
  patchClientRules,
  // the clocks of clients' machines may differ, in their assertions and nowhere else
  patchClockTolerance,
  // what is remembered of proofs is bounded (T14)
  patchReplayDetection,

  // What it costs; each with what it saves, measured on one login

  // values begin with the time: 35 % fewer bytes written, a third fewer write calls
  patchTokenIds,
  // nothing of a request outlives it: 11 to 15 % of the CPU time, 30 KB of 32 that stayed in the heap
  patchContext,
];

/** Does all of the above to a fresh instance, before it answers anything. */
export function patchProvider(provider: Provider, parts: PatchParts): void {
  for (const patch of patches) patch(provider, parts);
}
