import type { Client, Provider } from 'oidc-provider';
import { secretMatches } from '../clients/client-authentication.ts';
import type { SecretChecker } from '../clients/secrets.ts';
import { checkRedirectUri, redirectUriMatches } from '../protocol/redirect-uri.ts';

interface SchemaPrototype {
  redirect_uris: string[];
  invalidate(message: string): never;
  redirectUris(uris?: string[], label?: string): void;
}

/**
 * Our own rules for redirect URIs and secrets in place of oidc-provider's, which sort redirect URIs by
 * application type (real apps register `https:`, loopback and private schemes in one client) and compare secrets
 * in plain text. All three are replaced the way oidc-provider's own recipes do it.
 */
export function patchClientRules(
  provider: Provider,
  { secrets }: { readonly secrets: SecretChecker },
): void {
  const { Client } = provider;
  const { Schema } = Client as unknown as { Schema: { prototype: SchemaPrototype } };
  Schema.prototype.redirectUris = function redirectUris(
    this: SchemaPrototype,
    uris = this.redirect_uris,
    label = 'redirect_uris',
  ) {
    for (const uri of uris) {
      const reason = checkRedirectUri(uri);
      if (reason !== undefined) this.invalidate(`${label}: ${reason}`);
    }
  };
  const own: ThisType<Client> & Partial<Client> = {
    redirectUriAllowed(uri) {
      return redirectUriMatches(this.redirectUris ?? [], uri);
    },
    postLogoutRedirectUriAllowed(uri) {
      return this.postLogoutRedirectUris?.includes(uri) ?? false;
    },
    compareClientSecret(presented) {
      const { ctx } = provider.constructor as typeof Provider;
      return ctx ? secretMatches(ctx, this, presented, secrets) : false;
    },
  };
  Object.assign(Client.prototype, own);
}
