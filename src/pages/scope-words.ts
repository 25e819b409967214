/** Scopes that say who somebody is, in the words of the person who gives them away (OpenID Connect Core 5.4 and 11). */
export const scopeWords: ReadonlyMap<string, string> = new Map([
  [
    'openid',
    'who you are: a fixed identifier, your device, and what the tailnet’s policy tells apps about you',
  ],
  ['profile', 'your name, username and picture'],
  ['email', 'your e-mail address'],
  ['phone', 'your phone number, if one is known'],
  ['address', 'your postal address, if one is known'],
  ['groups', 'the groups you belong to'],
  ['offline_access', 'access that lasts while you are away, until you sign out or it is revoked'],
]);
