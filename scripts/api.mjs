// @ts-check

// Writes the docstrings of everything public as pages: one module per subpath of the package. They go to build/api, or to `--out folder`.
// Fails if a docstring links to a name that the pages do not have.

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Application, Converter, ReflectionKind } from 'typedoc'
import { Failure, report, root } from './lib.mjs'

/** @type {{ name: string, exports: Record<string, string | { default: string }> }} */
const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The source of each module, by the name under which it is imported: `sojourn/fetch`, `src/fetch.ts`. */
const modules = new Map(
  Object.entries(exports).flatMap(([subpath, target]) =>
    typeof target === 'string'
      ? []
      : [[target.default.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts'), join(name, subpath)]],
  ),
)

/** Types that public ones are made of, and that nobody has to name. */
const INTERNAL = ['END_REASONS', 'OpenStorage', 'PageSetup', 'Plugged', 'Previous', 'Prove', 'Run', 'Watching']

await report(async () => {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'build/api' } } })
  const app = await Application.bootstrap({
    name: 'Sojourn',
    entryPoints: [...modules.keys()].map((file) => join(root, file)),
    tsconfig: join(root, 'src/tsconfig.json'),
    basePath: root,
    readme: 'none',
    // Without links to a repository: typedoc warns where a clone has no remote, and takes this for a clone that has no revision.
    gitRevision: 'HEAD',
    excludePrivate: true,
    intentionallyNotExported: INTERNAL,
    // The other steps check the types.
    skipErrorChecking: true,
    sort: ['source-order'],
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getChildrenByKind(ReflectionKind.Module))
      for (const { fileName } of module.sources ?? []) module.name = modules.get(fileName) ?? module.name
  })
  const project = await app.convert()
  if (!project) throw new Failure('typedoc could not read the sources.')
  app.validate(project)
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Failure('See above.')
  await app.generateDocs(project, resolve(root, values.out))
})
