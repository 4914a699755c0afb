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
      { extends: true, test: files('demo') },
      {
        extends: true,
        test: {
          ...files('types'),
          typecheck: {
            enabled: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
            // tsc has its own step.
            ignoreSourceErrors: true,
          },
        },
      },
      {
        extends: true,
        test: { ...files('dist'), globalSetup: 'test/dist/build.ts', testTimeout: 60_000, hookTimeout: 120_000 },
      },
    ],
  },
})
