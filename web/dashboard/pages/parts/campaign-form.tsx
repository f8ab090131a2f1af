import { useState } from 'preact/hooks'
import type { AnswerTo } from '../../app/api.ts'
import { at } from '../../app/router.ts'
import { Field, Form, Submit, TextField } from '../../components/form.tsx'
import { type Draft, draftOf, QuestionEditor, questionsOf } from './question-editor.tsx'

type Campaign = AnswerTo<'/api/campaigns/{id}'>
/** What a campaign is made of, as the form gives it. */
export type CampaignFacts = Pick<Campaign, 'name' | 'description' | 'language' | 'inviteValidHours'> & {
  questions: ReturnType<typeof questionsOf>
}

/** The form of a campaign, new or there already. */
export function CampaignForm({
  of,
  action,
  extra,
  onSubmit,
}: {
  of?: Campaign
  action: string
  /** A second way to send it: what its box says. */
  extra?: string
  onSubmit: (facts: CampaignFacts, extra: boolean) => Promise<unknown>
}) {
  const [drafts, setDrafts] = useState<readonly Draft[]>(() => (of ? of.questions.map(draftOf) : [draftOf()]))
  return (
    <Form
      titled
      class="card"
      onSubmit={({ name = '', description, language = 'en', inviteValidHours = '168', extra }) =>
        onSubmit(
          {
            name,
            description: description ?? null,
            language,
            inviteValidHours: Number(inviteValidHours),
            questions: questionsOf(drafts),
          },
          extra === '1',
        )
      }
    >
      <Field name="name" label="Name" maxLength={200} defaultValue={of?.name ?? ''} autocomplete="off" />
      <TextField
        name="description"
        label="Description"
        optional
        maxLength={5000}
        defaultValue={of?.description ?? ''}
        help="For your team."
      />
      <div class="pair">
        <Field
          name="language"
          label="Language"
          defaultValue={of?.language ?? 'en'}
          maxLength={35}
          help="Of the questions: en, de-CH, …"
          autocomplete="off"
        />
        <Field
          name="inviteValidHours"
          label="Invites are good for, in hours"
          type="number"
          min={1}
          max={720}
          defaultValue={String(of?.inviteValidHours ?? 168)}
        />
      </div>
      <QuestionEditor value={drafts} onChange={setDrafts} />
      {extra && (
        <label class="check">
          <input type="checkbox" name="extra" value="1" />
          {extra}
        </label>
      )}
      <p class="actions">
        <Submit>{action}</Submit>
        <a class="button quiet" href={at(of ? `/campaigns/${of.id}` : '/campaigns')}>
          Cancel
        </a>
      </p>
    </Form>
  )
}
