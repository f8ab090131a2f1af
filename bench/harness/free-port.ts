import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems hand out to whoever asks for any: from 32768 on Linux, from 49152 on macOS.
const FIRST = 20_000
const PORTS_OF_A_FILE = 1000
const FILES_AT_ONCE = 12

const given = new Set<number>()

/**
 * A port of loopback that nothing listens on, for a process that takes it later, or again after its end. Nobody who
 * asks the system for any port gets it in between; nor does another test file that tap runs beside this one.
 */
export async function freePort(): Promise<number> {
  const first = FIRST + (Number(process.env.TAP_JOB_ID ?? 0) % FILES_AT_ONCE) * PORTS_OF_A_FILE
  for (;;) {
    const port = first + randomInt(PORTS_OF_A_FILE)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
