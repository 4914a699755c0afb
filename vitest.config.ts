import { defineConfig } from 'vitest/config'

const files = (folder: string): { name: string; include: string[] } => ({
  name: folder,
  include: [`test/${folder}/**/*.test.ts`],
})

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: files('unit') },
      { extends: true, test: files('laws') },
      { extends: true, test: { ...files('types'), include: [], typecheck: { enabled: true } } },
      { extends: true, test: { ...files('dist'), testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
  },
})
