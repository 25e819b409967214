import type { Config } from '../config/config.ts';
import { type ChosenListen, chooseListener, issuerOf, issuerRemarks } from '../http/choose.ts';
import type { Logger } from '../log.ts';
import type { NodeStatus } from '../peer/status.ts';

/** The listeners and the issuer that this node and configuration make; says which, and why. */
export function decideListening(
  { listen, issuer: configured }: Config,
  node: NodeStatus,
  log: Logger,
): { issuer: string; listeners: readonly ChosenListen[] } {
  let why = 'as configured';
  const listeners = listen.map((one): ChosenListen => {
    if (one.type !== 'auto') return one;
    const choice = chooseListener(one, node);
    ({ why } = choice);
    return choice.listen;
  });
  const front = listeners.find(({ type }) => type !== 'backchannel');
  if (!front) throw new Error('no listener that people can reach');
  const issuer = configured ?? issuerOf(front, node);
  const origin = configured ? 'as configured' : "from this node's name";
  log.info(`${front.type} listener: ${why}; the issuer is ${issuer}, ${origin}`);
  for (const remark of configured ? issuerRemarks(issuer, front, node) : []) log.warn(remark);
  return { issuer, listeners };
}
