import Type, { type Static } from 'typebox'
import { PresentedPassword } from './accounts.ts'
import { Id } from './ids.ts'
import { Email, Name, Nullable, Strict } from './primitives.ts'

export const Me = Type.Object({ id: Id('usr'), email: Type.String(), name: Type.String() }, { title: 'Me' })
export type Me = Static<typeof Me>

export const MePatch = Strict({ name: Name() })

export const EmailChangeBody = Strict({ email: Email(), password: PresentedPassword })
export const EmailConfirmBody = Strict({ token: Type.String({ minLength: 1, maxLength: 200 }) })

export const EmailChange = Type.Object(
  {
    email: Type.String({ description: 'The address of the account now' }),
    pendingEmail: Nullable(Type.String({ description: 'null: the change is made' })),
    confirmed: Type.Object({ current: Type.Boolean(), new: Type.Boolean() }),
  },
  { title: 'EmailChange' },
)
export type EmailChange = Static<typeof EmailChange>

export const EraseBody = Strict({
  password: PresentedPassword,
  eraseOrganizations: Type.Optional(
    Type.Boolean({
      description:
        'Erase the organizations that you are the only member of, with everything in them, as well',
    }),
  ),
})
export type EraseBody = Static<typeof EraseBody>
