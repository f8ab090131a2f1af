import { request } from 'node:http'
import { bearer } from '../harness/anteroom.ts'

/** A write that has begun: headers and half a body are on their way. */
export interface SlowWrite {
  /** Sends the rest. @returns the status; 0 where no answer came */
  finish(): Promise<number>
}

/** Begins `POST /api/keys` by a key, and stops in the middle of its body. */
export function beginWrite(url: string, key: string): SlowWrite {
  const body = JSON.stringify({ name: 'made by a key that is being revoked' })
  const headers = {
    ...bearer(key),
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  const asked = request(`${url}/api/keys`, { method: 'POST', headers, agent: false })
  const status = new Promise<number>((resolve) => {
    asked.on('response', (response) => {
      response.resume()
      resolve(response.statusCode as number)
    })
    asked.on('error', () => resolve(0))
  })
  const middle = Math.floor(body.length / 2)
  asked.write(body.slice(0, middle))
  return {
    finish() {
      asked.end(body.slice(middle))
      return status
    },
  }
}
