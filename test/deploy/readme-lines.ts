// The commands of the README's first five minutes, run against any server: node readme-lines.ts BASE EMAIL PASSWORD [KEY]
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Who pastes the commands, and where they lead. */
export interface Reader {
  /** `https://api.localhost` */
  readonly base: string
  readonly email: string
  readonly password: string
  /** Null: made first, by the person alone. */
  readonly key: string | null
  /** A file with the authority that signed the server's certificate. */
  readonly authority: string | undefined
}

interface Answer {
  accessToken?: string
  key?: string
  error?: unknown
}

/** The curl commands as they stand in the README. */
function readmeLines(): string[] {
  const [, section = ''] = readFileSync('README.md', 'utf8').split(/^## The first five minutes$/m)
  const blocks = (section.split(/^## /m)[0] ?? '').matchAll(/^```sh\n(curl .*?)^```$/gms)
  return [...blocks].map(([, command = '']) => command)
}

/**
 * Runs them all, in their order.
 * @returns what each was answered, and the key that they were given
 * @throws Error naming the command that failed or was refused
 */
export async function runReadmeLines(reader: Reader): Promise<{ key: string; answers: Answer[] }> {
  const answers: Answer[] = []
  const shell = async (command: string): Promise<Answer> => {
    const words = ['-c', command.replace(/^curl /, 'curl --silent --show-error ')]
    const { PATH } = process.env
    const { stdout } = await run('/bin/sh', words, { env: { PATH, CURL_CA_BUNDLE: reader.authority } })
    const answer: Answer = JSON.parse(stdout)
    if (answer.error) throw new Error(`${command}\n${stdout}`)
    return answer
  }
  const json = '-H "Content-Type: application/json"'
  const login = `curl ${reader.base}/api/auth/login ${json} -d '${JSON.stringify({ email: reader.email, password: reader.password })}'`
  const { accessToken = '' } = await shell(login)
  const made = `curl ${reader.base}/api/keys -H "Authorization: Bearer ${accessToken}" ${json} -d '{"name":"First"}'`
  const key = reader.key ?? (await shell(made)).key ?? ''
  for (const line of readmeLines()) {
    const filled = line
      .replaceAll('http://127.0.0.1:3000', reader.base)
      .replaceAll('owner@demo.example', reader.email)
      .replaceAll('YOUR_PASSWORD', reader.password)
      .replaceAll('sk_dev_YOUR_KEY', key)
      .replaceAll('at_YOUR_ACCESS_TOKEN', accessToken)
    if (/YOUR_|127\.0\.0\.1|demo\.example/.test(filled.replaceAll(reader.email, '')))
      throw new Error(`this was not filled in: ${filled}`)
    answers.push(await shell(filled))
  }
  return { key, answers }
}

if (import.meta.main) {
  const [base = '', email = '', password = '', key = null] = process.argv.slice(2)
  const authority = process.env.CURL_CA_BUNDLE
  const { answers } = await runReadmeLines({ base, email, password, key, authority })
  console.log(`${answers.length} commands of the README work at ${base}.`)
}
