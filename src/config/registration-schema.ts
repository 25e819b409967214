import type { z } from 'zod';
import { flag, members, oneOf, whole } from '../schema/fields.ts';

/** Clients that register themselves (RFC 7591), such as MCP clients do. */

export const registrationModes = ['off', 'granted', 'tailnet', 'public'] as const;

const tenYearsDays = 3650;

const strangers = members({
  perAddress: whole(
    1,
    100_000,
    10,
    'How many clients one address (IPv6: one /64) may have registered at once.',
  ),
  total: whole(1, 100_000, 200, 'How many clients all of them may have registered at once.'),
  unusedDays: whole(1, tenYearsDays, 1, 'A client that was never used is removed after this.'),
});

export const registrationSchema = members({
  mode: oneOf(registrationModes)
    .default('granted')
    .describe(
      'Who may register clients. off: nobody. granted: whoever a grant with allow_dcr names. tailnet: every member. public: everybody who reaches the endpoint, over Funnel too.',
    ),
  quarantine: flag(
    'New clients wait until an administrator releases them ("tsidp clients release").',
  ),
  perPeer: whole(
    1,
    100_000,
    100,
    'How many clients one person or machine may have registered at once; web pages in their browser at most half.',
  ),
  total: whole(
    1,
    100_000,
    2000,
    'How many clients all of the tailnet may have registered at once.',
  ),
  perMinute: whole(
    1,
    10_000,
    30,
    'How many clients one peer may register in a minute, and how often its clients may change.',
  ),
  unusedDays: whole(1, tenYearsDays, 30, 'A client that was never used is removed after this.'),
  idleDays: whole(
    1,
    tenYearsDays,
    180,
    'A client that nobody logged in with and that got no token is removed after this.',
  ),
  strangers: strangers
    .prefault({})
    .describe('Limits for callers without an identity, whom only the mode "public" lets in.'),
});

export type RegistrationConfig = z.output<typeof registrationSchema>;
