import { defineConfig } from 'vitest/config';

/** Other people's MCP clients against the daemon. What they need beside our own packages is installed first. */
export default defineConfig({
  test: {
    include: ['test/mcp-clients/**/*.test.ts'],
    globalSetup: ['test/mcp-clients/install.ts'],
    testTimeout: 60_000,
    // they mostly wait for tokens to end
    maxWorkers: 4,
    hookTimeout: 30_000,
  },
});
