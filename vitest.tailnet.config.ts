import { defineConfig } from 'vitest/config';

/** `test/tailnet/main.ts` runs this where a real tailnet can be had. */
export default defineConfig({
  test: {
    include: ['test/tailnet/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
