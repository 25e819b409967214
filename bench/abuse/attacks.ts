import type { Attack } from './attack.ts';
import { authorize } from './attacks/authorize.ts';
import { idle, slowBodies } from './attacks/connections.ts';
import { costlyText } from './attacks/costly-text.ts';
import { documents, slowHosts } from './attacks/documents.ts';
import { guesses } from './attacks/guesses.ts';
import { malformed, shed } from './attacks/noise.ts';
import { pipelinedRead, pipelinedUnread } from './attacks/pipelined.ts';
import { removed } from './attacks/removed.ts';
import { strangers } from './attacks/strangers.ts';

/** All of them; the name of the case is `abuse-` and the attack's. A full disk can't be made here: tests do that. */
export const attacks: readonly Attack[] = [
  pipelinedRead,
  pipelinedUnread,
  costlyText,
  idle,
  slowBodies,
  authorize,
  guesses,
  documents,
  slowHosts,
  shed,
  malformed,
  strangers,
  removed,
];

export const abuseCase = 'abuse';
export const abuseCaseOf = ({ name }: Attack): string => `${abuseCase}-${name}`;
export const abuseCaseNames: readonly string[] = [abuseCase, ...attacks.map(abuseCaseOf)];
