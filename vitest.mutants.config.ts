import { statSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { defineConfig } from 'vitest/config'

/** The first test that fails decides, and short files are soon through. */
class ShortestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const size = ({ moduleId }: TestSpecification): number => statSync(moduleId).size
    return Promise.resolve(files.toSorted((a, b) => size(a) - size(b)))
  }
}

export default defineConfig({
  test: {
    include: [
      'test/unit/{arguments,companion,journal,otel}.test.ts',
      'test/unit/{connect,core,data,ports,session}/*.test.ts',
      'test/unit/tokens/{web-storage,written}.test.ts',
      'test/laws/*.test.ts',
      'test/reports/{a1,a2,a4,a5,d1,d2,d6,d7,f6}-*.test.ts',
    ],
    // Long runs over many values: what they would notice, shorter ones do.
    exclude: [
      'test/laws/{data,hostile}.test.ts',
      'test/unit/{journal-day,session/day}.test.ts',
      'test/unit/{connect,data}/recipes.test.ts',
    ],
    // One environment for all files takes half the time, and the same mutants live.
    isolate: false,
    // All tests run at once at first, beside other work of the machine.
    testTimeout: 60_000,
    sequence: { sequencer: ShortestFirst },
  },
})
