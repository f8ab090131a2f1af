import { saveEmbedAnswer } from '../operations/embed/save-answer.ts'
import { sessionOf } from '../operations/embed/session.ts'
import { takeRecording } from '../operations/interviews/recordings.ts'
import { actorOf } from '../plugins/access.ts'
import { receiveFile } from '../plugins/receive-file.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** Answers, saved one by one: below /api/embed. */
export async function embedAnswerRoutes(app: Api): Promise<void> {
  rest(app, 'PUT /interview/answers/:questionId', saveEmbedAnswer, {
    form: { file: 'file', orJson: true },
    around: (request, run) => {
      if (!request.isMultipart()) return run()
      const { questionId } = request.params as { questionId: string }
      return takeRecording(
        app,
        { ...sessionOf(actorOf(request)), questionId },
        (id, limitBytes) => receiveFile(request, app.files.incoming, id, limitBytes),
        (file) => run({ file }),
      )
    },
  })
}
