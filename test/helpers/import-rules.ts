import { type ImportGraph, withoutComments } from './import-graph.ts'

const FLOOR_0 = ['errors', 'contract', 'version']
const FLOOR_1 = [...FLOOR_0, 'plan', 'results']
const FLOOR_2 = [...FLOOR_1, 'models', 'store', 'queue', 'routing', 'memory']
const FLOOR_3 = [...FLOOR_2, 'run']
const FLOOR_5 = [
  ...FLOOR_3,
  'config',
  'telemetry',
  'orchestrator',
  'archive',
  'supervise',
  'plugins',
  'routes',
  'workflows',
]

/** Room → the other rooms that its files may import. design.md, "Rooms and import rules". */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  contract: ['errors'],
  version: [],
  config: ['errors', 'contract'],
  plan: FLOOR_0,
  results: FLOOR_0,
  workflows: ['contract'],
  models: FLOOR_1,
  store: FLOOR_1,
  queue: FLOOR_1,
  routing: FLOOR_1,
  memory: FLOOR_0,
  run: FLOOR_1,
  telemetry: FLOOR_3,
  orchestrator: FLOOR_3,
  archive: [...FLOOR_3, 'orchestrator'],
  supervise: [...FLOOR_0, 'routing'],
  plugins: FLOOR_0,
  routes: FLOOR_0,
  composition: FLOOR_5,
  cli: [...FLOOR_5, 'composition', 'simulator'],
  server: ['composition', 'config', 'errors'],
  simulator: ['contract'],
}

const NAMED_FILES = ['errors', 'version', 'config', 'orchestrator', 'cli', 'server']
const PORTS = ['models', 'store', 'queue', 'routing', 'memory']
/** Above floor 1: who may name the Config's type without reading an environment. */
const KNOWS_CONFIG_TYPE = [...PORTS, 'run', 'telemetry', 'orchestrator', 'archive', 'plugins', 'routes']

/** The room that a file lives in. A single file of `src/` that is no room of its own belongs to the composition. */
export function roomOf(file: string): string {
  const [top, second] = file.split('/') as [string, string?]
  if (top !== 'src') return top
  if (second === undefined || !second.endsWith('.ts')) return second ?? top
  const name = second.slice(0, -'.ts'.length)
  return NAMED_FILES.includes(name) ? name : 'composition'
}

interface Edge {
  file: string
  target: string
  typeOnly: boolean
}

function isGranted({ file, target, typeOnly }: Edge): boolean {
  const from = roomOf(file)
  const to = roomOf(target)
  if (from === to || MAY_IMPORT[from]?.includes(to)) return true
  if (from === 'workflows') return target === 'src/plan/workflow.ts'
  if (from === 'archive' && to === 'telemetry') return typeOnly
  // The store is one of those that implement it.
  if (from === 'store') return typeOnly && target === 'src/memory/port.ts'
  if (from === 'simulator') return target === 'src/models/builtin-roster.ts'
  if (to === 'config') return typeOnly && KNOWS_CONFIG_TYPE.includes(from)
  if (from === 'run' && PORTS.includes(to)) return typeOnly && /(^|[/-])port\.ts$/.test(target)
  return false
}

/** Package → where it may be imported, as a sentence and as a test of the file. */
const PACKAGES: readonly { name: RegExp; where: string; allows: (file: string) => boolean }[] = [
  {
    name: /^(fastify($|[/-])|@fastify\/|@scalar\/fastify-)/,
    where: 'Fastify appears only on floors 5 to 7',
    allows: (file) => ['plugins', 'routes', 'composition', 'cli', 'server'].includes(roomOf(file)),
  },
  { name: /^undici($|\/)/, where: 'undici only in models/', allows: (file) => roomOf(file) === 'models' },
  {
    name: /^(kysely($|[/-])|pg($|[/-])|node:sqlite$|sqlite-vec$)/,
    where: 'SQL only in store/',
    allows: (file) => roomOf(file) === 'store',
  },
  {
    name: /^(redis|ioredis|bullmq)($|\/)/,
    where: 'Redis only in queue/ and the rate-limit plugin',
    allows: (file) => roomOf(file) === 'queue' || file.startsWith('src/plugins/rate-limit'),
  },
  { name: /^@qdrant\//, where: 'Qdrant only in memory/', allows: (file) => roomOf(file) === 'memory' },
  { name: /^prom-client($|\/)/, where: 'prom-client only in telemetry/', allows: (f) => roomOf(f) === 'telemetry' },
  {
    name: /^(?!zod($|\/))/,
    where: 'floors 0 and 1 import no package and no Node module but zod',
    allows: (file) => !['errors', 'contract', 'plan', 'results', 'workflows'].includes(roomOf(file)),
  },
]

const isFile = (target: string): boolean => target.endsWith('.ts')
const packageName = (target: string): string => target.split('/', target.startsWith('@') ? 2 : 1).join('/')

function judgePackage(file: string, target: string, dependencies: ReadonlySet<string>): string | null {
  const broken = PACKAGES.find(({ name, allows }) => name.test(target) && !allows(file))
  if (broken) return broken.where
  if (target.startsWith('node:') || target.endsWith('.json') || dependencies.has(packageName(target))) return null
  return 'a package must stand under dependencies in package.json (a Node module is written node:…)'
}

function judgeFile(edge: Edge, registered: ReadonlySet<string>): string | null {
  const { file, target } = edge
  const from = roomOf(file)
  const to = roomOf(target)
  if (MAY_IMPORT[from] === undefined) return `${from} is no room of design.md: give it a floor in import-rules.ts`
  if (!isGranted(edge)) return `${from} may not import ${to}${edge.typeOnly ? ' (not even as a type)' : ''}`
  if (registered.has(target) && (from === 'plugins' || (from === 'routes' && file !== 'routes/index.ts')))
    return 'plugins and routes never import each other'
  return null
}

/** What `app.ts` and `routes/index.ts` register: plugins and routes, as against the helpers in their folders. */
const registeredIn = (graph: ImportGraph): Set<string> =>
  new Set(
    ['src/app.ts', 'routes/index.ts']
      .flatMap((file) => graph.get(file) ?? [])
      .map(({ target }) => target)
      .filter((target) => /^(routes\/|src\/plugins\/[^/]+\.ts$)/.test(target)),
  )

/** Every broken import rule as one line: file, import, rule. `dependencies` are the packages that package.json lists. */
export function brokenRules(graph: ImportGraph, dependencies: ReadonlySet<string>): string[] {
  const registered = registeredIn(graph)
  return [...graph].flatMap(([file, imports]) =>
    imports.flatMap(({ target, typeOnly }) => {
      const rule = isFile(target)
        ? judgeFile({ file, target, typeOnly }, registered)
        : judgePackage(file, target, dependencies)
      return rule === null ? [] : [`${file} imports ${target}: ${rule}`]
    }),
  )
}

const READS_ENVIRONMENT = /\bprocess\.env\b|^import\s*\{[^}]*\benv\b[^}]*\}\s*from\s*['"](node:)?process['"]/m

/** Every broken rule that shows in the files themselves: who reads the environment, where an index.ts may stand. */
export function brokenPlaces(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([file, source]) => {
    const broken: string[] = []
    if (
      !['src/server.ts', 'src/cli.ts', 'simulator/main.ts'].includes(file) &&
      READS_ENVIRONMENT.test(withoutComments(source))
    )
      broken.push(`${file} reads process.env: only entry points do, others get a Config`)
    if (file.endsWith('/index.ts') && !['routes/index.ts', 'workflows/index.ts'].includes(file))
      broken.push(`${file} is a barrel: index.ts stands only in routes/ and workflows/`)
    return broken
  })
}
