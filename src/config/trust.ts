import type { Listen } from './listen.ts';

/** What the configuration trusts beyond the connection itself, each with what that means; to be logged at start. */
export const trustWarnings = (allowSelf: boolean, listen: readonly Listen[]): string[] => {
  const proxies = listen.flatMap((one) => (one.type === 'tailnet' ? one.trustedProxies : []));
  return [
    ...(allowSelf
      ? [
          'allowSelf: every program and container on this machine logs in as its node; nobody administers from there',
        ]
      : []),
    ...(proxies.length > 0
      ? [
          `listen.trustedProxies: whoever controls ${proxies.join(', ')} can log in as anybody; let nobody else get such a tag`,
        ]
      : []),
  ];
};
