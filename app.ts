import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Config } from './config/config.ts'
import type { DatabaseLogins } from './db/logins.ts'
import { openLog } from './operations/logging/logger.ts'
import packageJson from './package.json' with { type: 'json' }
import access from './plugins/access.ts'
import accessLog from './plugins/access-log.ts'
import accounts from './plugins/accounts.ts'
import auditKey from './plugins/audit-key.ts'
import basePath, { withoutBasePath } from './plugins/base-path.ts'
import clientAddress, { isTrustedProxy } from './plugins/client-address.ts'
import connections from './plugins/connections.ts'
import context from './plugins/context.ts'
import database from './plugins/database.ts'
import drain from './plugins/drain.ts'
import embedCors from './plugins/embed-cors.ts'
import embedLimit from './plugins/embed-limit.ts'
import embedSession from './plugins/embed-session.ts'
import encryptionKey from './plugins/encryption-key.ts'
import errors, { clientErrorHandler, frameworkErrors } from './plugins/errors.ts'
import eventStreams from './plugins/event-streams.ts'
import files from './plugins/files.ts'
import jsonBody from './plugins/json-body.ts'
import keyRestrictions from './plugins/key-restrictions.ts'
import limits from './plugins/limits.ts'
import loadShedding from './plugins/load-shedding.ts'
import mail from './plugins/mail.ts'
import multipart from './plugins/multipart.ts'
import notFound, { routerOptions } from './plugins/not-found.ts'
import operations from './plugins/operations.ts'
import organizationLimit from './plugins/organization-limit.ts'
import reference from './plugins/reference.ts'
import requestBody from './plugins/request-body.ts'
import { RequestLog } from './plugins/request-log.ts'
import { securedResponse } from './plugins/secured-response.ts'
import securityHeaders, { helmetHeaders } from './plugins/security-headers.ts'
import serialization from './plugins/serialization.ts'
import sessionCookie from './plugins/session-cookie.ts'
import standing from './plugins/standing.ts'
import urlCredentials from './plugins/url-credentials.ts'
import validation from './plugins/validation.ts'
import verifier from './plugins/verifier.ts'
import { auditRoutes } from './routes/audit.ts'
import { authRoutes } from './routes/auth.ts'
import { campaignRoutes } from './routes/campaigns.ts'
import { candidateRoutes } from './routes/candidates.ts'
import { dashboardPageRoutes } from './routes/dashboard-pages.ts'
import { dashboardSessionRoutes } from './routes/dashboard-session.ts'
import { embedRoutes } from './routes/embed.ts'
import { embedAnswerRoutes } from './routes/embed-answers.ts'
import { embedEntranceRoutes } from './routes/embed-entrance.ts'
import { embedUploadRoutes } from './routes/embed-uploads.ts'
import { eventRoutes } from './routes/events.ts'
import { eventStreamRoutes } from './routes/events-stream.ts'
import { fileRoutes } from './routes/files.ts'
import { healthRoutes } from './routes/health.ts'
import { homeRoutes } from './routes/home.ts'
import { interviewPageRoutes } from './routes/interview-page.ts'
import { interviewRoutes } from './routes/interviews.ts'
import { acceptRoutes, invitationRoutes } from './routes/invitations.ts'
import { inviteBulkRoutes } from './routes/invite-bulks.ts'
import { inviteRoutes } from './routes/invites.ts'
import { keyLeakRoutes } from './routes/key-leaks.ts'
import { keyRoutes } from './routes/keys.ts'
import { logRoutes } from './routes/logs.ts'
import { logStreamRoutes } from './routes/logs-stream.ts'
import { meRoutes } from './routes/me.ts'
import { memberRoutes } from './routes/members.ts'
import { organizationRoutes } from './routes/organization.ts'
import { passwordRoutes } from './routes/password.ts'
import { sandboxRoutes } from './routes/sandbox.ts'
import { sandboxDrillRoutes } from './routes/sandbox-drills.ts'
import { sdkRoutes } from './routes/sdk.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { statusRoutes } from './routes/status.ts'
import { totpRoutes } from './routes/totp.ts'
import { webhookRoutes } from './routes/webhooks.ts'
import { whoamiRoutes } from './routes/whoami.ts'
import { newId } from './schemas/ids.ts'

// Event streams send something every 15 s.
const SILENCE_MS = 120_000

/**
 * Builds the server and never listens. The order is the security design: what stands first sees a request first.
 * @param logins of a migrated database
 * @param options.connects false: to describe the API, not to serve it; no database is needed then
 */
export async function buildApp(
  config: Config,
  logins: DatabaseLogins,
  options: { connects?: boolean } = {},
): Promise<FastifyInstance> {
  const headers = await helmetHeaders()
  const timeoutMs = config.requestTimeoutSeconds * 1000
  const isProxy = isTrustedProxy(config.trustProxy)
  const app = Fastify({
    http: {
      optimizeEmptyRequests: true,
      ServerResponse: securedResponse(headers),
      headersTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      connectionsCheckingInterval: Math.min(1000, timeoutMs / 2),
    },
    requestTimeout: timeoutMs,
    // Neither side has sent anything for so long: the other one is gone, or does not read its answer.
    connectionTimeout: SILENCE_MS,
    loggerInstance: (await openLog(config)) as FastifyBaseLogger,
    logController: new RequestLog(),
    // A logger made for each request would cost more than the few lines that are ever written: they name the id.
    childLoggerFactory: (logger) => logger,
    trustProxy: isProxy ?? false,
    genReqId: () => newId('req'),
    requestIdHeader: false,
    ...(config.basePath ? { rewriteUrl: withoutBasePath(config.basePath) } : {}),
    routerOptions,
    // A request on a connection that stays open while the server closes is served, and recorded, like any other.
    return503OnClosing: false,
    frameworkErrors,
    clientErrorHandler: clientErrorHandler(headers),
  }).withTypeProvider<TypeBoxTypeProvider>()

  if (config.otlpEndpoint !== null && (options.connects ?? true)) {
    await app.register(import('./plugins/tracing.ts'), {
      endpoint: config.otlpEndpoint,
      environment: config.environment.name,
      version: packageJson.version,
    })
  }
  await app.register(errors)
  await app.register(basePath)
  await app.register(notFound)
  await app.register(clientAddress)
  await app.register(validation)
  await app.register(serialization)
  await app.register(connections, { isProxy })
  await app.register(drain)
  await app.register(requestBody, { seconds: config.requestTimeoutSeconds })
  await app.register(jsonBody)
  await app.register(securityHeaders, { headers })
  await app.register(database, { config, logins, connects: options.connects ?? true })
  await app.register(accessLog, { logins })
  await app.register(loadShedding, { percent: config.memoryLimitPercent })
  await app.register(urlCredentials)
  await app.register(reference, { version: packageJson.version, basePath: config.basePath })
  await app.register(limits, { config })
  await app.register(verifier)
  await app.register(encryptionKey)
  await app.register(auditKey)
  await app.register(sessionCookie)
  await app.register(operations)
  await app.register(files)
  await app.register(accounts)
  await app.register(mail, { logins })
  await app.register(eventStreams)

  if (config.metricsPort !== null) {
    await app.register(import('./plugins/metrics.ts'), { port: config.metricsPort, host: config.host })
  }

  await app.register(homeRoutes)
  await app.register(healthRoutes)
  await app.register(statusRoutes)
  await app.register(sdkRoutes)
  await app.register(interviewPageRoutes)
  await app.register(
    async (api) => {
      await api.register(context, { verifier: app.verifier })
      await api.register(keyRestrictions)
      await api.register(organizationLimit)
      await api.register(access)
      await api.register(standing)

      await api.register(whoamiRoutes)
      await api.register(authRoutes)
      await api.register(sessionRoutes)
      await api.register(totpRoutes)
      await api.register(meRoutes)
      await api.register(passwordRoutes)
      await api.register(organizationRoutes)
      await api.register(memberRoutes)
      await api.register(invitationRoutes)
      await api.register(acceptRoutes)
      await api.register(keyRoutes)
      await api.register(keyLeakRoutes)
      await api.register(campaignRoutes)
      await api.register(candidateRoutes)
      await api.register(inviteRoutes)
      await api.register(interviewRoutes)
      await api.register(logRoutes)
      await api.register(logStreamRoutes)
      await api.register(webhookRoutes)
      await api.register(eventRoutes)
      await api.register(eventStreamRoutes)
      await api.register(auditRoutes)
      await api.register(async (uploads) => {
        await uploads.register(multipart)

        await uploads.register(fileRoutes)
        await uploads.register(inviteBulkRoutes)
      })
      if (config.environment.name === 'sandbox') {
        await api.register(sandboxRoutes)
        await api.register(sandboxDrillRoutes)
      }
    },
    { prefix: '/api' },
  )
  await app.register(
    async (embed) => {
      await embed.register(embedCors)
      await embed.register(async (interview) => {
        await interview.register(context, { verifier: app.verifier })
        await interview.register(embedLimit)
        await interview.register(access)
        await interview.register(standing)
        await interview.register(embedSession)

        await interview.register(embedEntranceRoutes)
        await interview.register(embedRoutes)
        await interview.register(async (uploads) => {
          await uploads.register(multipart)
          await uploads.register(embedAnswerRoutes)
        })
        await interview.register(embedUploadRoutes)
      })
    },
    // With the slash: the preflights' route is a wildcard.
    { prefix: '/api/embed/' },
  )
  await app.register(
    async (dashboard) => {
      await dashboard.register(context, { verifier: app.verifier })
      await dashboard.register(organizationLimit)
      await dashboard.register(access)

      await dashboard.register(dashboardSessionRoutes)
    },
    { prefix: '/dashboard' },
  )
  await app.register(dashboardPageRoutes, { prefix: '/dashboard' })
  return app
}
