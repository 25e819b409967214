import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importRules, readHouse } from './storeys.ts';

/** Writes biome's rules for imports (`npm run lint:storeys`); a test holds them to the list. */
const path = join(import.meta.dirname, 'imports.json');
writeFileSync(path, `${JSON.stringify(importRules(readHouse()), null, 2)}\n`);
