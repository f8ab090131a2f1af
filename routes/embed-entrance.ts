import type { FastifyReply, FastifyRequest } from 'fastify'
import { generateCredential, parseCredential } from '../credentials/format.ts'
import { interviewActor } from '../operations/credentials/principals.ts'
import { createEmbedSession } from '../operations/embed/create-session.ts'
import { type PresentedInvite, readInvite } from '../operations/embed/invite.ts'
import { previewInvite } from '../operations/embed/preview.ts'
import { refuseOrigin, requireOrigin } from '../plugins/embed-cors.ts'
import { isOwnOrigin } from '../plugins/session-cookie.ts'
import type { EmbedSession } from '../schemas/embed.ts'
import { ApiError, badRequest } from '../schemas/errors.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** An invite is good for 30 days at most; each visit of the hosted page renews the cookie. */
const COOKIE_SECONDS = 30 * 24 * 3600

/** The browser that asks: its token, and whether a cookie keeps it. */
interface Browser {
  readonly token: string
  readonly isNew: boolean
  readonly ownPage: boolean
}

/** A browser and the invite that it presents. */
interface Visit {
  readonly browser: Browser
  readonly presented: PresentedInvite
}

/** How a candidate gets in with an invite: below /api/embed. */
export async function embedEntranceRoutes(app: Api): Promise<void> {
  const visits = new WeakMap<FastifyRequest, Visit>()
  const visitOf = (request: FastifyRequest) => visits.get(request) as Visit

  rest(app, 'POST /preview', previewInvite, {
    around: (request, run, reply) =>
      counted(app, request, reply, () => {
        const browser = browserOf(app, request)
        return visiting(request, browser, browser.token, async ({ organization }) => {
          const refusal = await refuseOrigin(app, request, organization.id)
          if (refusal) throw refusal
          return run()
        })
      }),
    origin,
    answered: (request, reply) => keepCookie(app, reply, visitOf(request).browser),
  })

  rest(app, 'POST /sessions', createEmbedSession, {
    around: (request, run, reply) =>
      counted(app, request, reply, () => {
        const browser = browserOf(app, request)
        // A token that nobody could present again is no token.
        const token = browser.isNew && !browser.ownPage ? null : browser.token
        return visiting(request, browser, token, async ({ organization }) => {
          await requireOrigin(app, request, reply, organization.id)
          return run()
        })
      }),
    origin,
    answered: (request, reply, output) => {
      const { browser, presented } = visitOf(request)
      const { interview, expiresAt } = output as EmbedSession
      keepCookie(app, reply, browser)
      request.actor = interviewActor(presented.organization, interview.id, expiresAt)
    },
  })

  /** Finds out whose invite it is, so that the access log of its organization has the request, refused or not. */
  async function visiting<T>(
    request: FastifyRequest,
    browser: Browser,
    token: string | null,
    work: (presented: PresentedInvite) => Promise<T>,
  ): Promise<T> {
    const presented = await readInvite(app.database, inviteOf(request), token)
    visits.set(request, { browser, presented })
    try {
      return await work(presented)
    } catch (error) {
      const { id: organizationId } = presented.organization
      request.refusal = { reason: 'invalid_invite', organizationId, keyId: null }
      throw error
    }
  }

  function origin(request: FastifyRequest) {
    const { browser, presented } = visitOf(request)
    const readsCookie = request.headers.origin !== undefined && browser.ownPage
    return { browser: { presented, tokenToKeep: readsCookie ? null : browser.token } }
  }
}

/** Each invite has a count of its own, and the bad ones of a network have one: nobody locks out others of an office. */
async function counted<T>(
  app: Api,
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => Promise<T>,
): Promise<T> {
  await app.embedLimits.countInvite(request, reply, inviteOf(request))
  try {
    return await work()
  } catch (error) {
    const isBad = error instanceof ApiError && error.statusCode === 401
    if (isBad) await app.embedLimits.countBadInvite(request)
    throw error
  }
}

function inviteOf({ body }: FastifyRequest): string {
  return (body as { invite: string }).invite
}

// Pages of other origins keep the token themselves: their requests carry no cookie.
function browserOf(app: Api, request: FastifyRequest): Browser {
  const { browserToken: sent } = request.body as { browserToken?: string }
  const { origin } = request.headers
  const ownPage = origin === undefined || isOwnOrigin(app, request, origin)
  if (sent !== undefined && parseCredential(sent)?.kind !== 'browserToken') {
    throw badRequest('body.browserToken', 'is not a browser token: POST /api/embed/preview gives out one')
  }
  const cookie = ownPage ? app.cookies.read(request, 'interview') : null
  const known = sent ?? (parseCredential(cookie ?? '')?.kind === 'browserToken' ? cookie : null)
  return { token: known ?? generateCredential('ibt_').text, isNew: known === null, ownPage }
}

function keepCookie(app: Api, reply: FastifyReply, { token, ownPage }: Browser): void {
  if (ownPage) app.cookies.set(reply, 'interview', token, COOKIE_SECONDS)
}
