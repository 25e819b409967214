#!/usr/bin/env node
import process from 'node:process';
import { refuseOldNode } from './node-version.ts';

// What the package installs as `tsidp`. Every Node understands this file and the one above, so that an old one says
// what it lacks, where it would stumble over the syntax of the others.
const refusal = refuseOldNode(process.version, process.execPath);
if (refusal === undefined) await import('./main.ts');
else {
  process.stderr.write(`tsidp: ${refusal}\n`);
  process.exitCode = 1;
}
