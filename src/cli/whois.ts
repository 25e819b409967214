import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import type { Known } from '../identity/identity.ts';
import { subjectOf } from '../identity/subject.ts';
import type { CapMap } from '../peer/whois.ts';
import { scopesOfCapabilities } from '../policy/capability-scopes.ts';
import { protectedNames } from '../policy/extra-claims.ts';
import { capability, rulesOf } from '../policy/grant.ts';
import { allGroupsOf } from '../policy/groups.ts';
import { parseAddress } from '../protocol/address.ts';
import { CommandError, defineCommand, UsageError } from './command.ts';
import { openLocalApi, readLiveTailnet } from './live-tailnet.ts';
import { printable, printJson } from './print.ts';

export const whoisCommand = defineCommand({
  name: 'whois',
  usage: 'ADDRESS [--json]',
  summary: 'say who is at a tailnet address and which rules of the policy reach us from there',
  positionals: 1,
  flags: { ...configFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const [written = ''] = flags.positionals;
    const address = parseAddress(written);
    if (address === undefined) {
      throw new UsageError(`${JSON.stringify(written)}: is not an IP address such as 100.64.0.3`);
    }
    const config = loadConfigWith(flags, io.env);
    const api = openLocalApi(config, io);
    try {
      const identified = await (await readLiveTailnet(api, config)).identifyAt(address);
      if (!identified.ok) {
        const { code, message } = identified.refusal;
        throw new CommandError(`${address} is nobody here (${code}): ${message}`);
      }
      const scopes = scopesOfCapabilities(config.capabilityScopes, identified.capMap);
      const facts = { ...factsOf(identified), ...mappedFacts(scopes) };
      if (flags.switches.has('json')) io.out(printJson(facts));
      else io.out(asText(facts));
    } finally {
      api.close();
    }
  },
});

type Facts = Readonly<Record<string, unknown>>;

function factsOf({ identity, capMap, stale }: Known): Facts {
  const { node } = identity;
  return {
    subject: subjectOf(identity),
    ...(identity.kind === 'user'
      ? { login: identity.login, name: identity.displayName }
      : { tags: identity.tags }),
    device: node.name.replace(/\.$/, ''),
    os: node.os,
    addresses: node.addresses,
    ...(identity.kind === 'user' && identity.foreign ? { sharedIn: true } : {}),
    ...(stale ? { stale: true } : {}),
    groups: allGroupsOf({ identity, capMap }),
    ...(identity.kind === 'user' && !identity.groups
      ? { tailnetGroups: 'not visible to this server' }
      : {}),
    ...ruleFacts(capMap),
  };
}

function ruleFacts(capMap: CapMap): Facts {
  const { rules, problems, unknownFields } = rulesOf(capMap);
  const ignored = protectedNames(rules);
  return {
    rules: rules.map(({ index, ...fields }) => ({ rule: index, ...fields })),
    malformed: problems.map(({ index, message }) => ({ rule: index, message })),
    unknownFields: unknownFields.map(({ index, field }) => ({ rule: index, field })),
    ...(ignored.length > 0 ? { protectedClaims: ignored } : {}),
    otherCapabilities: Object.keys(capMap).filter((name) => name !== capability),
  };
}

function mappedFacts({ scopes, problems }: ReturnType<typeof scopesOfCapabilities>): Facts {
  if (scopes.length === 0 && problems.length === 0) return {};
  const named = scopes.map(({ scope, resource }) => (resource ? `${scope} at ${resource}` : scope));
  return { scopes: named, ...(problems.length > 0 ? { scopeProblems: problems } : {}) };
}

/** One line a fact; lists of objects, such as rules, one line each. */
function asText(facts: Facts): string {
  const lines = Object.entries(facts).flatMap(([label, value]) => {
    const values = Array.isArray(value) ? value : [value];
    const isPlain = values.every((item) => typeof item !== 'object');
    const texts = isPlain ? [values.join(', ')] : values.map((item) => JSON.stringify(item));
    return texts
      .filter((text) => text !== '')
      .map((text, index) => `${(index === 0 ? label : '').padEnd(18)} ${text}`);
  });
  return `${lines.map(printable).join('\n')}\n`;
}
