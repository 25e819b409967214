import { describe } from 'vitest';
import { codeContract } from './contract/codes.ts';
import { consentContract } from './contract/consents.ts';
import { familyContract } from './contract/families.ts';
import { modelContract } from './contract/models.ts';
import { redemptionContract } from './contract/redemption.ts';
import { sweepContract } from './contract/sweep.ts';
import { tableContract } from './contract/tables.ts';
import type { Open } from './opened.ts';

/** What every backend must do. */
export function storeContract(name: string, open: Open): void {
  describe(name, () => {
    modelContract(open);
    codeContract(open);
    redemptionContract(open);
    familyContract(open);
    tableContract(open);
    consentContract(open);
    sweepContract(open);
  });
}
