// @ts-check

// Mutants of what decides: each is a small wrong change of the code, and a test has to notice it.

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutants.config.ts' },
  mutate: [
    'src/core/*.ts',
    'src/session/{loop,session,context,create-context,active-session,follow-page}.ts',
    'src/tokens/{refresh,refresh-turn,token-writer,token-request}.ts',
    'src/tokens/stores/written.ts',
    'src/{data,connect,journal,otel,companion}.ts',
    'src/connect/*.ts',
    'src/plugins/*.ts',
    'src/servers/{cookie-sign-out,page}.ts',
    'src/session/{each-session,data-hooks}.ts',
  ],
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 3000,
  tempDirName: '.cache/stryker',
  reporters: ['clear-text', 'progress', 'json'],
  jsonReporter: { fileName: '.cache/reports/mutants.json' },
}
