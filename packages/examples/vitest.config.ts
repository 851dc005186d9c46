import { defineConfig } from 'vitest/config'
const conditions = ['@tanist/source', 'node', 'import', 'default']
export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // No test leaves loopback, nor do the processes it starts.
    env: { TANIST_LISTEN: '127.0.0.1:0', TANIST_DISCOVERY: 'off' },
  },
})
