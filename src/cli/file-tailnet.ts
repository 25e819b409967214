import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { systemClock } from '../clock.ts';
import type { IdentifyOptions } from '../identity/identify.ts';
import { parseHujson, TailnetFileError } from '../simulator/hujson.ts';
import { ignoredSections, nodesNamed, offlinePeer } from '../simulator/offline.ts';
import { parsePolicy } from '../simulator/policy-file.ts';
import { loadTailnet, type Tailnet } from '../simulator/tailnet.ts';
import { CommandError } from './command.ts';
import type { TailnetView } from './tailnet-view.ts';

/** A tailnet in a file under a policy in a file, before anything of it is deployed. */
export interface FileTailnet extends TailnetView {
  /** What of the policy could not be decided, or says nothing of apps, one line each. */
  notes(who: string): readonly string[];
}

/**
 * @param policyFile HuJSON, as the admin console has it; undefined: the policy of the tailnet file
 * @throws CommandError naming file and place
 */
export async function readFileTailnet(
  tailnetFile: string,
  policyFile: string | undefined,
  options: IdentifyOptions,
): Promise<FileTailnet> {
  const tailnet = await orCommandError(() => read(tailnetFile, policyFile));
  const self = tailnet.nodes.get(tailnet.self);
  if (!self) throw new CommandError(`${tailnetFile}: self: there is no node "${tailnet.self}"`);
  const all = { ...options, nowSeconds: systemClock.nowSeconds() };
  const peers = (who: string) =>
    nodesNamed(tailnet, who).map((node) => offlinePeer(tailnet, node, all));
  return {
    self,
    async candidates(who) {
      return peers(who)
        .map(({ node, identified }) => ({
          device: `${node.name}.${node.tailnet ?? tailnet.name}`,
          identified,
        }))
        .sort((a, b) => (a.device < b.device ? -1 : 1));
    },
    notes(who) {
      const silent = new Set(['given', 'source', 'destination']);
      const lines = peers(who).flatMap(({ grants }) =>
        grants
          .filter(({ outcome }) => !silent.has(outcome))
          .map(({ index, text }) => `grants[${index}] ${text}`),
      );
      return [...new Set(lines), ...ignoredSections(tailnet.policy)];
    },
  };
}

async function read(tailnetFile: string, policyFile: string | undefined): Promise<Tailnet> {
  const tailnet = await loadTailnet(tailnetFile);
  if (policyFile === undefined) return tailnet;
  const name = basename(policyFile);
  const text = await readFile(policyFile, 'utf8').catch((cause: Error) => {
    throw new TailnetFileError(`${policyFile}: can't be read: ${cause.message}`, { cause });
  });
  const policy = parsePolicy(parseHujson(text, name), name, tailnet.users.keys());
  return { ...tailnet, policy };
}

async function orCommandError<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof TailnetFileError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}
