import { defineConfig } from 'vitest/config'
const conditions = ['@tanist/source', 'node', 'import', 'default']
export default defineConfig({
  ssr: { resolve: { conditions } },
  test: { include: ['test/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000 },
})
