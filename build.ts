import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync } from 'node:fs';

/** Emits JavaScript for packages and images into `dist/`; what `tsc` leaves behind (SQL) is copied. */
rmSync('dist', { recursive: true, force: true });
execFileSync('tsc', ['--project', 'tsconfig.build.json'], { stdio: 'inherit' });
cpSync('src/store/sqlite/schema.sql', 'dist/store/sqlite/schema.sql');
for (const program of ['main', 'tsidp']) chmodSync(`dist/${program}.js`, 0o755);
