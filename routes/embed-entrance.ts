import type { FastifyReply, FastifyRequest } from 'fastify'
import { generateCredential, parseCredential } from '../credentials/format.ts'
import type { TenantTransaction } from '../db/tenant.ts'
import { interviewActor } from '../operations/credentials/principals.ts'
import { type PresentedInvite, readInvite } from '../operations/embed/invite.ts'
import { previewInvite } from '../operations/embed/preview.ts'
import { exchangeInvite } from '../operations/embed/sessions.ts'
import { once } from '../operations/idempotency/once.ts'
import { refuseOrigin, requireOrigin } from '../plugins/embed-cors.ts'
import { readIdempotencyKey } from '../plugins/operations.ts'
import { isOwnOrigin } from '../plugins/session-cookie.ts'
import { EmbedPreview, EmbedPreviewInput, EmbedSession, EmbedSessionCreate } from '../schemas/embed.ts'
import { ApiError, badRequest } from '../schemas/errors.ts'
import { type Api, answers } from './api.ts'

/** An invite is good for 30 days at most; each visit of the hosted page renews the cookie. */
const COOKIE_SECONDS = 30 * 24 * 3600

/** The browser that asks: its token, and whether a cookie keeps it. */
interface AskingBrowser {
  readonly token: string
  readonly isNew: boolean
  readonly ownPage: boolean
}

/** How a candidate gets in with an invite: below /api/embed. */
export async function embedEntranceRoutes(app: Api): Promise<void> {
  const { database, encryptionKey, tenancy, showFile } = app

  // Pages of other origins keep the token themselves: their requests carry no cookie.
  const browserOf = (request: FastifyRequest, sent: string | undefined): AskingBrowser => {
    const { origin } = request.headers
    const ownPage = origin === undefined || isOwnOrigin(app, request, origin)
    if (sent !== undefined && parseCredential(sent)?.kind !== 'browserToken') {
      throw badRequest('body.browserToken', 'is not a browser token: POST /api/embed/preview gives out one')
    }
    const cookie = ownPage ? app.cookies.read(request, 'interview') : null
    const known = sent ?? (parseCredential(cookie ?? '')?.kind === 'browserToken' ? cookie : null)
    return { token: known ?? generateCredential('ibt_').text, isNew: known === null, ownPage }
  }

  const keepCookie = (reply: FastifyReply, { token, ownPage }: AskingBrowser) => {
    if (ownPage) app.cookies.set(reply, 'interview', token, COOKIE_SECONDS)
  }

  // Each invite has a count of its own, and the bad ones of a network have one: nobody locks out others of an office.
  const counted = async <T>(request: FastifyRequest, reply: FastifyReply, work: () => Promise<T>) => {
    const { invite } = request.body as { invite: string }
    await app.embedLimits.countInvite(request, reply, invite)
    try {
      return await work()
    } catch (error) {
      const isBad = error instanceof ApiError && error.statusCode === 401
      if (isBad) await app.embedLimits.countBadInvite(request)
      throw error
    }
  }

  app.post(
    '/preview',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Embed'],
        operationId: 'previewInvite',
        summary: 'Look at an invite: what the welcome page shows',
        description:
          'Changes nothing: the invite stays as it is, whatever opens its link. Every page may read the answer, so that ' +
          'a page that is not among `allowedOrigins` learns the reason: 403 `origin_not_allowed`.',
        body: EmbedPreviewInput,
        response: answers({ 200: EmbedPreview }, 400, 401, 403, 429),
      },
    },
    (request, reply) =>
      counted(request, reply, async () => {
        const browser = browserOf(request, request.body.browserToken)
        const presented = await readInvite(database, request.body.invite, browser.token)
        const { id: organizationId } = presented.organization
        try {
          const refusal = await refuseOrigin(app, request, organizationId)
          if (refusal) throw refusal
          const preview = await previewInvite(tenancy, presented)
          keepCookie(reply, browser)
          const { origin } = request.headers
          const readsCookie = origin !== undefined && browser.ownPage
          return readsCookie ? preview : { ...preview, browserToken: browser.token }
        } catch (error) {
          request.refusal = { reason: 'invalid_invite', organizationId, keyId: null }
          throw error
        }
      }),
  )

  // The answer may get lost, and the invite is used then: with an Idempotency-Key it can be asked for again.
  const exchange = async (
    request: FastifyRequest,
    reply: FastifyReply,
    presented: PresentedInvite,
  ): Promise<EmbedSession> => {
    const organizationId = presented.organization.id
    const work = (tx: TenantTransaction) => exchangeInvite(tx, presented, app.publicUrl(), showFile)
    const key = readIdempotencyKey(request)
    if (key === null) return tenancy.write(organizationId, work)
    const { method, url: path, body } = request
    const idempotent = { organizationId, callerId: presented.inviteId, key, method, path, body }
    const answer = await once(tenancy, encryptionKey, idempotent, async (tx) => ({
      status: 200,
      body: await work(tx),
    }))
    if (answer.replayed) reply.header('idempotent-replayed', 'true')
    return answer.body
  }

  app.post(
    '/sessions',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Embed'],
        operationId: 'createEmbedSession',
        summary: 'Begin the interview of an invite, or come back to it',
        description:
          'Uses the invite. The browser that used it can send it again within 24 hours, with the `browserToken` that it ' +
          'sent the first time or with the cookie of the hosted page, and gets a new session of the same interview. ' +
          'Each new session ends the one before. Any other browser is refused.',
        body: EmbedSessionCreate,
        response: answers({ 200: EmbedSession }, 400, 401, 403, 409, 422, 429),
      },
    },
    (request, reply) =>
      counted(request, reply, async () => {
        const browser = browserOf(request, request.body.browserToken)
        // A token that nobody could present again is no token.
        const token = browser.isNew && !browser.ownPage ? null : browser.token
        const presented = await readInvite(database, request.body.invite, token)
        const { organization } = presented
        try {
          await requireOrigin(app, request, reply, organization.id)
          const session = await exchange(request, reply, presented)
          keepCookie(reply, browser)
          request.actor = interviewActor(organization, session.interview.id, session.expiresAt)
          return session
        } catch (error) {
          request.refusal = { reason: 'invalid_invite', organizationId: organization.id, keyId: null }
          throw error
        }
      }),
  )
}
