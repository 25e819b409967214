import { installPackages, installPython } from '../../conformance/install.ts';

/** Before the first test. */
export function setup(): void {
  installPackages();
  installPython();
}
