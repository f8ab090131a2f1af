import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { containsCredential } from '../credentials/format.ts'
import { fingerprint } from '../credentials/secret.ts'
import { claimedKind, isPresentedIn, type RequestCredentialKind } from '../credentials/types.ts'
import { ApiError, badRequest } from '../schemas/errors.ts'

/** What a request's headers present, and its SHA-256, before anything of it is believed. */
export type Presented =
  | { readonly style: 'nothing' }
  | {
      readonly style: 'bearer'
      readonly bearer: string
      readonly bearerPrint: string
      /** By what it begins with; a text of no kind that may stand here is read as an access token, and refused. */
      readonly kind: RequestCredentialKind
    }
  | {
      readonly style: 'keyAndBearer'
      readonly key: string
      readonly keyPrint: string
      readonly bearer: string
      readonly bearerPrint: string
    }
  /** The dashboard's cookie: only where no header says who asks. */
  | { readonly style: 'cookie'; readonly cookie: string }

// RFC 6750, 2.1: one space or more after the scheme, then a b64token.
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i
const SHORTEST_CREDENTIAL = 24
const ENCODINGS = 3

interface Reading {
  readonly authorization: string
  readonly key: string | undefined
  readonly presented: Presented
}

// A client sends the same credentials again and again over a connection that it keeps: they are read and hashed once.
// What it sent is held in clear for as long as the connection lives, and compared only with what comes over the same one.
const lastReading = new WeakMap<Socket, Reading>()

/**
 * Reads `Authorization` and `x-api-key` as the contract's table has them.
 * @throws ApiError 400 for a header twice, another scheme, a key alone in `x-api-key`, or a key in both
 */
export function readCredentials(raw: IncomingMessage): Presented {
  let authorization: string | undefined
  let key: string | undefined
  // Node keeps the first of two Authorization headers and joins two others: both hide what was really sent.
  for (let index = 0; index < raw.rawHeaders.length; index += 2) {
    const name = raw.rawHeaders[index] as string
    if (name.length === 13 && name.toLowerCase() === 'authorization') {
      if (authorization !== undefined) throw badRequest('headers.authorization', 'was sent twice')
      authorization = raw.rawHeaders[index + 1] as string
    } else if (name.length === 9 && name.toLowerCase() === 'x-api-key') {
      if (key !== undefined) throw badRequest('headers.x-api-key', 'was sent twice')
      key = raw.rawHeaders[index + 1] as string
    }
  }
  if (authorization === undefined) {
    if (key === undefined) return { style: 'nothing' }
    throw new ApiError('BAD_REQUEST', 'x-api-key needs Authorization: Bearer <access token> beside it', {
      hint: 'Server to server, send the key alone as Authorization: Bearer <key>',
      details: [{ path: 'headers.authorization', message: 'is required beside x-api-key' }],
    })
  }
  const last = lastReading.get(raw.socket)
  if (last !== undefined && last.authorization === authorization && last.key === key) return last.presented
  const presented = present(authorization, key)
  lastReading.set(raw.socket, { authorization, key, presented })
  return presented
}

function present(authorization: string, key: string | undefined): Presented {
  const bearer = BEARER.exec(authorization)?.[1]
  if (bearer === undefined) throw badRequest('headers.authorization', 'must be of the form: Bearer <token>')
  const bearerPrint = fingerprint(bearer)
  const claimed = claimedKind(bearer)
  const kind = isPresentedIn(claimed, 'bearer') ? claimed : 'accessToken'
  if (key === undefined) return { style: 'bearer', bearer, bearerPrint, kind }
  if (key.trim() === '') throw badRequest('headers.x-api-key', 'is empty')
  if (isPresentedIn(kind, 'x-api-key')) {
    throw badRequest(
      'headers.authorization',
      "carries an API key beside x-api-key: send the user's access token there",
    )
  }
  return { style: 'keyAndBearer', key: key.trim(), keyPrint: fingerprint(key.trim()), bearer, bearerPrint }
}

/** @throws ApiError 400 for a URL that carries a credential: URLs end up in histories and logs */
export function refuseCredentialInUrl(url: string): void {
  if (url.length < SHORTEST_CREDENTIAL) return
  if (holdsCredential(url)) {
    throw new ApiError(
      'BAD_REQUEST',
      'A credential must not be sent in a URL: use the headers, and replace this one',
      {
        reason: 'credential_in_url',
      },
    )
  }
}

// What was encoded twice on its way through forms and proxies is as readable as before.
function holdsCredential(url: string): boolean {
  let text = url
  for (let layer = 0; layer <= ENCODINGS; layer += 1) {
    if (containsCredential(text)) return true
    if (!text.includes('%')) return false
    text = decodeLoosely(text)
  }
  return false
}

function decodeLoosely(url: string): string {
  return url.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
