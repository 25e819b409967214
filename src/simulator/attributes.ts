import { selects } from './grants.ts';
import type { Tailnet, TailnetNode } from './tailnet.ts';

type Json = Readonly<Record<string, unknown>>;

const usual: Json = {
  'default-auto-update': [false],
  'https://tailscale.com/cap/file-sharing': [],
  'https://tailscale.com/cap/is-admin': [],
  'https://tailscale.com/cap/ssh': [],
};

/** Those of our own node: the usual ones and the policy's. */
export function ownAttributes(tailnet: Tailnet, self: TailnetNode): Json {
  return { ...usual, ...nodeAttributes(tailnet, self) };
}

/** What the policy's `nodeAttrs` give this node: name → values, none for those of `attr`. */
export function nodeAttributes(tailnet: Tailnet, node: TailnetNode): Json {
  const { policy } = tailnet;
  const found: Record<string, readonly unknown[]> = {};
  for (const { target, attr = [], app = {} } of policy.nodeAttrs) {
    if (!target.some((selector) => selects(selector, node, policy, tailnet))) continue;
    for (const name of attr) found[name] ??= [];
    for (const [name, values] of Object.entries(app)) {
      found[name] = [...(found[name] ?? []), ...(values ?? [])];
    }
  }
  return found;
}
