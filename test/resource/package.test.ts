import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const project = new URL('../..', import.meta.url).pathname;
const compiler = join(project, 'node_modules/.bin/tsc');
let app: string;

/** Another project that installed the package, with jose and Node's types beside it and nothing else. */
beforeAll(async () => {
  app = await mkdtemp(join(tmpdir(), 'resource-app-'));
  const modules = join(app, 'node_modules');
  await mkdir(join(modules, 'tsidp'), { recursive: true });
  await mkdir(join(modules, '@types'));
  for (const name of ['jose', '@types/node', 'undici-types']) {
    await symlink(join(project, 'node_modules', name), join(modules, name));
  }
  await cp(join(project, 'package.json'), join(modules, 'tsidp/package.json'));
  const settings = {
    extends: join(project, 'tsconfig.build.json'),
    compilerOptions: {
      rootDir: join(project, 'src'),
      outDir: join(modules, 'tsidp/dist'),
      typeRoots: [join(project, 'node_modules/@types')],
    },
    include: [],
    files: [join(project, 'src/resource/resource.ts')],
  };
  await writeFile(join(app, 'build.json'), JSON.stringify(settings));
  execFileSync(process.execPath, [compiler, '--project', 'build.json'], { cwd: app });
  await writeFile(join(app, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rm(app, { recursive: true }));

const source = `
import { type Access, AccessError, createResource } from 'tsidp/resource';

const resource = createResource({ issuer: 'https://idp.test', resource: 'https://mcp.test/mcp' });
const request = { method: 'GET', path: '/', authorization: undefined, dpop: undefined };
const subject = (access: Access): string => access.subject;
resource.authenticate(request).then(subject, (error: unknown) => {
  console.log(error instanceof AccessError && error.status);
});
`;

test('another project compiles against its types alone, strictly', async () => {
  await writeFile(join(app, 'app.ts'), source);
  const compilerOptions = {
    module: 'nodenext',
    target: 'esnext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ['node'],
    noEmit: true,
  };
  const settings = { compilerOptions, include: ['app.ts'] };
  await writeFile(join(app, 'tsconfig.json'), JSON.stringify(settings));
  execFileSync(process.execPath, [compiler, '--project', '.'], { cwd: app });
});

test('it runs with jose beside it and nothing of the daemon', async () => {
  await writeFile(join(app, 'app.ts'), source);
  const output = execFileSync(process.execPath, ['app.ts'], { cwd: app, encoding: 'utf8' });
  expect(output).toBe('401\n');
  await expect(readFile(join(app, 'node_modules/tsidp/dist/daemon.js'))).rejects.toThrow('ENOENT');
});
