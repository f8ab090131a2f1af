import type { Question } from '../../db/schema/campaigns.ts'
import type { QuestionInput } from '../../schemas/campaigns.ts'
import { badRequest } from '../../schemas/errors.ts'

/**
 * Gives an id to each question that has none: `q1`, `q2` and so on, past those that are taken.
 * @throws ApiError 400 for an id that is used twice, or options of a question that is not a choice
 */
export function numberQuestions(questions: readonly QuestionInput[]): Question[] {
  const taken = new Set(questions.map((question) => question.id))
  const used = new Set<string>()
  let number = 0
  return questions.map((question, index) => {
    const path = `body.questions.${index}`
    const isChoice = question.kind === 'choice'
    if (isChoice !== (question.options !== undefined)) {
      throw badRequest(`${path}.options`, isChoice ? 'is required for a choice' : 'is only for a choice')
    }
    let id = question.id
    while (id === undefined) {
      number += 1
      if (!taken.has(`q${number}`)) id = `q${number}`
    }
    if (used.has(id)) throw badRequest(`${path}.id`, 'is used by another question')
    used.add(id)
    return { ...question, id } as Question
  })
}
