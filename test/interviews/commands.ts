import type fc from 'fast-check'
import { generateCredential } from '../../credentials/format.ts'
import type { Answer, Body, TestApp } from '../support/app.ts'
import { browserOf, type Desk } from '../support/interviews.ts'
import type { Model, ModelInterview, ModelInvite, ModelToken } from './model.ts'

/** The server that is held to the model. */
export interface Real {
  server: TestApp
  desk: Desk
  campaignId: string
  /** Makes each candidate of all runs another one. */
  person(): { email: string; name: string }
}

export type Command = fc.AsyncCommand<Model, Real>

const MOST_HOURS = 720

function expect(answer: Answer, status: number, what: string): Body {
  if (answer.status === status) return answer.body
  throw new Error(`${what}: ${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`)
}

function pick<T>(list: readonly T[], index: number): T | undefined {
  return list.length === 0 ? undefined : list[index % list.length]
}

/** A command that does `run` and holds what can be seen to the model then. */
function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real)
      await agree(model, real, name)
    },
    toString: () => name,
  }
}

/** What the API shows has to be what the model says. */
async function agree(model: Model, { desk, campaignId }: Real, after: string): Promise<void> {
  const seen = {
    counts: await desk.counts(campaignId),
    invites: (await desk.ask('GET', `/api/invites?limit=100&campaignId=${campaignId}`)).body.invites.map(
      ({ id, status, interviewId }: Body) => [id, status, interviewId],
    ),
    interviews: (await desk.ask('GET', `/api/interviews?limit=100&campaignId=${campaignId}`)).body.interviews
      .map(({ id, status, answers }: Body) => [
        id,
        status,
        answers.map((one: Body) => one.text ?? one.choice),
      ])
      .sort(),
  }
  const invites = model.invites.map(({ id, status, interview }) => [id, status, interview?.id ?? null])
  const interviews = model.invites.flatMap(({ interview }) => {
    if (!interview) return []
    const said = ['why', 'which', 'how'].flatMap((question) => interview.answers.get(question) ?? [])
    return [[interview.id, interview.status, said]]
  })
  const expected = { counts: model.counts, invites: invites.reverse(), interviews: interviews.sort() }
  if (JSON.stringify(seen) === JSON.stringify(expected)) return
  throw new Error(`after ${after}: saw ${JSON.stringify(seen)} instead of ${JSON.stringify(expected)}`)
}

export const inviteSomebody = (index: number, hours: number): Command =>
  command(`invite(${index}, ${hours} h)`, async (model, { desk, campaignId, person }) => {
    const known = index % 3 === 0 ? undefined : pick(model.candidates, index)
    const somebody = person()
    const body = known ? { candidateId: known.id } : { candidate: somebody }
    const answer = await desk.ask('POST', `/api/campaigns/${campaignId}/invites`, {
      ...body,
      expiresInHours: hours,
    })
    if (known?.erased) return void expect(answer, 404, 'invite an erased candidate')
    if (!model.active) return void expect(answer, 409, 'invite to a paused campaign')
    if (known && model.openInvites(known).length > 0) return void expect(answer, 409, 'invite twice')
    const { id, candidateId, token } = expect(answer, 201, 'invite')
    const candidate = known ?? { id: candidateId, email: somebody.email, erased: false }
    if (!known) model.candidates.push(candidate)
    model.invites.push({
      id,
      candidate,
      status: 'pending',
      expiresAt: model.now + hours * 60,
      tokens: [{ text: token, open: true, usedBy: null }],
      interview: null,
    })
    model.counts.invited += 1
    model.tell('invite.created')
  })

function onInvite(
  name: string,
  index: number,
  run: (model: Model, real: Real, invite: ModelInvite) => Promise<void>,
): Command {
  return command(`${name}(${index})`, async (model, real) => {
    const invite = pick(model.invites, index)
    if (invite) await run(model, real, invite)
  })
}

export const cancel = (index: number): Command =>
  onInvite('cancel', index, async (model, { desk }, invite) => {
    const answer = await desk.ask('POST', `/api/invites/${invite.id}/cancel`)
    if (invite.status === 'cancelled') return void expect(answer, 200, 'cancel again')
    if (invite.status !== 'pending' && invite.status !== 'started') {
      return void expect(answer, 409, `cancel what is ${invite.status}`)
    }
    expect(answer, 200, 'cancel')
    if (invite.interview) model.end(invite.interview)
    invite.status = 'cancelled'
    model.tell('invite.cancelled')
  })

export const extend = (index: number, hours: number): Command =>
  onInvite(`extend by ${hours} h`, index, async (model, { desk }, invite) => {
    const answer = await desk.ask('POST', `/api/invites/${invite.id}/extend`, { hours })
    if (invite.status !== 'pending') return void expect(answer, 409, `extend what is ${invite.status}`)
    const end = invite.expiresAt + hours * 60
    if (end - model.now > MOST_HOURS * 60) return void expect(answer, 400, 'extend too far')
    expect(answer, 200, 'extend')
    invite.expiresAt = end
  })

export const resend = (index: number): Command =>
  onInvite('resend', index, async (_model, { desk }, invite) => {
    const answer = await desk.ask('POST', `/api/invites/${invite.id}/resend`, { sendEmail: false })
    const underWay = invite.status === 'started' && invite.interview?.status !== 'abandoned'
    if (invite.status !== 'pending' && !underWay) {
      return void expect(answer, 409, `resend what is ${invite.status}`)
    }
    const { token } = expect(answer, 200, 'resend')
    for (const before of invite.tokens) before.open = false
    invite.tokens.push({ text: token, open: true, usedBy: null })
  })

/** @param tabs how many try at once, without a browser token: one of them gets it */
export const exchange = (index: number, which: number, tabs: number): Command =>
  onInvite(`exchange token ${which} in ${tabs} tabs`, index, async (model, { desk }, invite) => {
    const token = pick([...invite.tokens].reverse(), which) as ModelToken
    const answers = await Promise.all(Array.from({ length: tabs }, () => desk.exchange(token.text)))
    const refused = answers.filter(({ status }) => status !== 200)
    for (const answer of refused) expect(answer, 401, 'exchange')
    const gets = model.exchange(invite, token, null) === 200
    if (refused.length !== (gets ? tabs - 1 : tabs)) {
      throw new Error(`${refused.length} of ${tabs} tabs were refused: ${JSON.stringify(refused[0]?.body)}`)
    }
    const got = answers.find(({ status }) => status === 200)
    if (got) entered(model, invite, token, null, got.body)
  })

const browsers = [generateCredential('ibt_').text, generateCredential('ibt_').text]

/** @param which of two browsers */
export const comeBack = (index: number, which: number, of: number): Command =>
  onInvite(`exchange token ${which} in browser ${of}`, index, async (model, { desk }, invite) => {
    const token = pick([...invite.tokens].reverse(), which) as ModelToken
    const browser = browsers[of] as string
    const expected = model.exchange(invite, token, browser)
    const before = await desk.preview(token.text, {}, browser)
    expect(before, expected === 401 ? 401 : 200, 'preview')
    if (expected !== 401 && before.body.returning !== (token.usedBy === browser)) {
      throw new Error(`returning is ${before.body.returning}`)
    }
    const body = expect(await desk.exchange(token.text, {}, browser), expected, 'exchange')
    if (expected === 200) entered(model, invite, token, browser, body)
  })

function entered(
  model: Model,
  invite: ModelInvite,
  token: ModelToken,
  browser: string | null,
  { sessionToken, interview }: Body,
): void {
  model.use(invite, token, browser)
  if (invite.interview) {
    invite.interview.sessions.push(sessionToken)
    model.touch(invite.interview)
    return
  }
  invite.status = 'started'
  model.counts.started += 1
  model.tell('interview.started')
  const fresh = { answers: new Map<string, string>(), sessions: [sessionToken], ended: false }
  invite.interview = { id: interview.id, status: 'in_progress', activeAt: model.now, ...fresh }
}

/** @param old whether it is tried with the first session that there was */
function inBrowser(
  name: string,
  index: number,
  old: boolean,
  run: (
    model: Model,
    interview: ModelInterview,
    ask: ReturnType<typeof browserOf>,
    invite: ModelInvite,
  ) => Promise<void>,
): Command {
  return command(`${name}(${index}${old ? ', an old session' : ''})`, async (model, { server }) => {
    const invite = pick(
      model.invites.filter(({ interview }) => interview !== null),
      index,
    )
    const interview = invite?.interview
    if (!invite || !interview) return
    const session = (old ? interview.sessions[0] : interview.sessions.at(-1)) as string
    const ask = browserOf(server, session)
    if (model.opens(interview, session)) return run(model, interview, ask, invite)
    expect(await ask('GET', '/interview'), 401, 'a session that is over')
    expect(await ask('PUT', '/interview/answers/why', { text: 'late' }), 401, 'a session that is over')
  })
}

export const look = (index: number, old: boolean): Command =>
  inBrowser('look', index, old, async (model, interview, ask) => {
    const body = expect(await ask('GET', '/interview'), 200, 'look')
    if (body.status !== interview.status) throw new Error(`the browser sees ${body.status}`)
    model.touch(interview)
  })

export const answer = (index: number, question: 'why' | 'which' | 'how', value: string): Command =>
  inBrowser(`answer ${question} ${value}`, index, false, async (model, interview, ask) => {
    const body = question === 'which' ? { choice: value } : { text: value }
    const got = await ask('PUT', `/interview/answers/${question}`, body)
    if (interview.status === 'completed') return void expect(got, 409, 'answer what is completed')
    if (question === 'which' && !['one', 'other'].includes(value)) {
      return void expect(got, 400, 'an option that there is not')
    }
    expect(got, 200, 'answer')
    interview.answers.set(question, value)
    model.touch(interview)
    if (interview.status === 'paused') model.move(interview, 'in_progress')
  })

export const steer = (index: number, verb: 'pause' | 'resume', old: boolean): Command =>
  inBrowser(verb, index, old, async (model, interview, ask) => {
    const got = await ask('POST', `/interview/${verb}`)
    if (interview.status === 'completed') return void expect(got, 409, `${verb} what is completed`)
    expect(got, 200, verb)
    model.touch(interview)
    const to = verb === 'pause' ? 'paused' : 'in_progress'
    if (interview.status !== to) model.move(interview, to)
  })

export const complete = (index: number): Command =>
  inBrowser('complete', index, false, async (model, interview, ask, invite) => {
    expect(await ask('POST', '/interview/complete'), 200, 'complete')
    if (interview.status === 'completed') return
    model.touch(interview)
    model.move(interview, 'completed')
    invite.status = 'completed'
    model.counts.completed += 1
  })

export const advance = (minutes: number): Command =>
  command(`advance(${minutes} min)`, async (model, { desk }) => {
    await desk.wait(minutes * 60)
    model.advance(minutes)
  })

export const toggleCampaign = (): Command =>
  command('toggle the campaign', async (model, { desk, campaignId }) => {
    const status = model.active ? 'paused' : 'active'
    expect(await desk.ask('PATCH', `/api/campaigns/${campaignId}`, { status }), 200, status)
    model.active = !model.active
  })

export const erase = (index: number): Command =>
  command(`erase(${index})`, async (model, { desk }) => {
    const candidate = pick(model.candidates, index)
    if (!candidate) return
    const answer = await desk.ask('DELETE', `/api/candidates/${candidate.id}`)
    if (candidate.erased) return void expect(answer, 404, 'erase again')
    expect(answer, 204, 'erase')
    model.erase(candidate)
  })
