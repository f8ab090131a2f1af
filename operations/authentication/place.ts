import { networkOf } from '../../credentials/addresses.ts'
import type { Origin } from '../core/operation.ts'
import { readDevice } from './known-device.ts'

/** Where a log-in to an account comes from. Failures are counted for each place apart. */
export interface LoginPlace {
  /** The client's network, or the known device. */
  readonly place: string
  /** Whether somebody has logged in to the account on this device before. */
  readonly known: boolean
}

/**
 * Where a log-in to an account comes from.
 * @param key 32 bytes, ENCRYPTION_KEY
 */
export function placeOf(key: Buffer, { ip, device: mark }: Origin, email: string): LoginPlace {
  const device = readDevice(key, email, mark, Date.now())
  return { place: device ? `device ${device}` : `network ${networkOf(ip)}`, known: device !== null }
}
