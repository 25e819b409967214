/**
 * @param version as `process.version` has it, e.g. `v20.20.2`
 * @returns why this Node can't run the daemon; undefined when it can
 */
export function refuseOldNode(version: string, path: string): string | undefined {
  const major = Number(version.slice(1).split('.')[0]);
  if (major >= 24) return undefined;
  return `needs Node 24 or newer, and ${path} is ${version}: install one (https://nodejs.org/en/download), and see that it is first in PATH`;
}
