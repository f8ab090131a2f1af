import type { Drill } from './drill.ts'

/** A refresh whose answer never arrives: the client asks again with the token that it still has. */
export const lostRefresh: Drill = {
  access: 'organization:write',
  async run(tools, report) {
    const refreshToken = await tools.openSession()
    report.note('Open a session for the drill', 'a refresh token', 'a refresh token', true)
    const refresh = (token: unknown) =>
      tools.ask('POST', '/api/auth/refresh', { credential: null, body: { refreshToken: token } })

    const lost = await refresh(refreshToken)
    if (!report.status('Refresh: its answer gets lost', 200, lost)) return
    const again = await refresh(refreshToken)
    report.status('Refresh again with the same token', 200, again)
    const same =
      again.body.refreshToken === lost.body.refreshToken && again.body.accessToken === lost.body.accessToken
    report.note('The tokens of both answers', 'the same', same ? 'the same' : 'others', same)
    const access = (token: unknown) =>
      tools.ask('GET', '/api/whoami', { credential: { bearer: String(token) } })
    report.status('A request with the access token', 200, await access(again.body.accessToken))
    const next = await refresh(again.body.refreshToken)
    report.status('Refresh with the token that came', 200, next)
    const bearer = { bearer: String(next.body.accessToken ?? again.body.accessToken) }
    report.status(
      'Log out: the session ends',
      204,
      await tools.ask('POST', '/api/auth/logout', { credential: bearer }),
    )
    report.status('A request with the access token', 401, await access(bearer.bearer))
  },
}
