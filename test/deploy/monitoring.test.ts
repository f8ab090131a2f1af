import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import t from 'tap'
import { parse } from 'yaml'
import { measureProcess } from '../../operations/metrics/process.ts'
import { testApp } from '../support/app.ts'
import { scrape } from '../support/metrics.ts'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: { summary: string }
}

const alerts: Rule[] = parse(readFileSync('deploy/monitoring/alerts.yml', 'utf8')).groups.flatMap(
  ({ rules }: { rules: Rule[] }) => rules,
)
const { panels } = JSON.parse(readFileSync('deploy/monitoring/dashboard.json', 'utf8')) as {
  panels: { id: number; title: string; targets?: { expr: string }[] }[]
}
const queries = [
  ...alerts.map(({ alert, expr }) => ({ of: alert, expr })),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ of: title, expr }))),
]
const METRIC = /\b(?:anteroom|nodejs|process)_[a-z0-9_]+/g

t.test('every metric that the dashboard and the alerts name is served', async (t) => {
  const { app, listen } = await testApp(t, { METRICS_PORT: '0' })
  await listen()
  const { text } = await scrape(t, app.metricsPort?.())
  const served = new Set<string>()
  for (const [, name = '', type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    served.add(name)
    if (type === 'histogram') for (const part of ['bucket', 'count', 'sum']) served.add(`${name}_${part}`)
  }
  for (const { of, expr } of queries) {
    const names = expr.match(METRIC) ?? []
    t.ok(names.length > 0, `${of} asks for a metric`)
    for (const name of names) t.ok(served.has(name), `${of} asks for ${name}`)
  }
  const ours = [...served].filter(
    (name) => name.startsWith('anteroom_') && !/_(bucket|count|sum)$/.test(name),
  )
  const guide = readFileSync('docs/operations/observability.md', 'utf8')
  t.same(
    ours.filter((name) => !guide.includes(`\`${name}\``)),
    [],
    'the guide names every metric',
  )
})

t.test('what the dashboard and the alerts filter and group by are labels', async (t) => {
  const registry = new Registry()
  const stop = measureProcess(registry)
  t.teardown(stop)
  const known = new Set(['instance', 'le', 'status', 'route', 'pool', 'reason', 'result'])
  for (const { name } of await registry.getMetricsAsJSON()) {
    const { labelNames = [] } = registry.getSingleMetric(name) as unknown as { labelNames?: string[] }
    for (const label of labelNames) known.add(label)
  }
  for (const { of, expr } of queries) {
    const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/))
    const filtered = [...expr.matchAll(/[{,]\s*(\w+)(?:=|!)/g)].map(([, label = '']) => label)
    for (const label of [...grouped, ...filtered])
      t.ok(known.has(label) || label === 'queue', `${of}: ${label}`)
  }
})

t.test('the guide says what to do about every alert', (t) => {
  const guide = readFileSync('docs/operations/observability.md', 'utf8')
  for (const { alert } of alerts) t.ok(guide.includes(`\`${alert}\``), alert)
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'the ids of panels differ')
  t.end()
})

// Debian: apt-get install prometheus.
const hasPromtool = spawnSync('promtool', ['--version']).status === 0

t.test('promtool takes the rules', { skip: hasPromtool ? false : 'promtool is not installed' }, (t) => {
  t.doesNotThrow(() => execFileSync('promtool', ['check', 'rules', 'deploy/monitoring/alerts.yml']))
  t.doesNotThrow(() => execFileSync('promtool', ['check', 'config', 'deploy/monitoring/prometheus.yml']))
  t.end()
})
