import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freshFolder } from '../db/embedded-harness.ts'
import { layOutCheckout, type as typeCommand } from '../support/checkout.ts'

// `npm start`, `npm run dev` and the command line read `.env` in the working folder; the environment wins.

const commands = [
  ['npm', 'start'],
  ['npx', 'anteroom', 'organizations', 'list'],
]

async function checkout(t: Test, text: string): Promise<string> {
  const folder = layOutCheckout(await freshFolder(t))
  writeFileSync(join(folder, '.env'), text)
  return folder
}

t.test('.env.example works as a .env', async (t) => {
  const text = readFileSync('.env.example', 'utf8')
  const changed = text.replace(/^DATA_DIR=.*$/m, 'DATA_DIR=of-the-file')
  t.not(changed, text)
  const folder = await checkout(t, changed)
  const typed = typeCommand(t, folder, ['npm', 'start'])
  const [, port] = await typed.wrote(/Base URL +http:\/\/127\.0\.0\.1:(\d+)\/api/)
  t.not(port, '3000', 'the environment said PORT=0, and wins')
  t.ok(existsSync(join(folder, 'of-the-file/postgres')), 'what only the file says counts')
  typed.process.kill('SIGTERM')
  await typed.allGone()
})

t.test('a wrong value in it is told as one in the environment', async (t) => {
  const text = '\uFEFF# as Windows writes it\r\nexport LOG_LEVEL="loud" # with a remark\r\nPORT=http\r\n'
  const folder = await checkout(t, text)
  for (const command of commands) {
    const typed = typeCommand(t, folder, command)
    t.equal(await typed.ended, 1)
    t.match(typed.output(), /^LOG_LEVEL must be equal to one of the allowed values: fatal, .+$/m)
    t.notMatch(typed.output(), /^PORT/m, 'the environment has a right one')
  }
  const dev = typeCommand(t, folder, ['npm', 'run', 'dev'])
  await dev.wrote(/^LOG_LEVEL must be/m)
  dev.signalAll('SIGINT')
  await dev.allGone()
})

t.test('the environment wins by either form of a variable', async (t) => {
  const folder = await checkout(t, 'REDIS_URL=of:the/file\nDATABASE_URL_FILE=/nowhere/in-the-file\n')
  const typed = typeCommand(t, folder, ['npx', 'anteroom', 'organizations', 'list'], {
    REDIS_URL_FILE: '/nowhere/in-the-environment',
    DATABASE_URL: 'mysql://in-the-environment',
  })
  t.equal(await typed.ended, 1)
  t.match(typed.output(), /^REDIS_URL_FILE can't be read: ENOENT\nDATABASE_URL must be a URL .+\n$/)
})

t.test('one that cannot be read is told in a line', async (t) => {
  const folder = await checkout(t, '')
  const file = join(folder, '.env')
  const cases: [RegExp, () => void][] = [
    [/^\.env can't be read: EISDIR$/m, () => mkdirSync(file)],
    [/^\.env must be a text in UTF-8$/m, () => writeFileSync(file, '\uFEFFPORT=3001', 'utf16le')],
  ]
  for (const [line, make] of cases) {
    rmSync(file, { recursive: true })
    make()
    for (const command of commands) {
      const typed = typeCommand(t, folder, command)
      t.equal(await typed.ended, 1)
      t.match(typed.output(), line)
    }
  }
})
