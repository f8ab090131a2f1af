import type { Candidate } from '../../app/candidates.ts'
import { Field, type Values } from '../../components/form.tsx'

/** What can be said of a candidate. */
export function CandidateFields({ of }: { of?: Candidate }) {
  return (
    <>
      <Field name="name" label="Name" maxLength={200} defaultValue={of?.name ?? ''} autocomplete="off" />
      <Field name="email" label="E-mail" type="email" defaultValue={of?.email ?? ''} autocomplete="off" />
      <Field
        name="phone"
        label="Phone"
        type="tel"
        optional
        maxLength={50}
        defaultValue={of?.phone ?? ''}
        autocomplete="off"
      />
      <Field
        name="externalId"
        label="External id"
        optional
        maxLength={200}
        defaultValue={of?.externalId ?? ''}
        autocomplete="off"
        help="What your own system calls them."
      />
    </>
  )
}

/** What the API takes, of what was typed. */
export function readCandidate({ name = '', email = '', phone, externalId }: Values) {
  return { name, email, phone: phone ?? null, externalId: externalId ?? null }
}
