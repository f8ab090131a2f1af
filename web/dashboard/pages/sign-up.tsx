import { api, ask } from '../app/api.ts'
import { at } from '../app/router.ts'
import { server } from '../app/server.ts'
import { enter } from '../app/session.ts'
import { Field, Form, PasswordField, Submit, type Values } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Entrance } from '../shell/entrance.tsx'

/** A new organization and its owner, where the server lets strangers in. */
export default function SignUp() {
  return server.signupIsOpen ? <OpenSignUp /> : <ClosedSignUp />
}

function ClosedSignUp() {
  return (
    <Entrance title="Sign-up is closed">
      <Notice kind="info" role="status">
        This server creates accounts by invitation. Ask an owner of your organization to invite you, or who
        runs the server for a new organization.
      </Notice>
      <p class="elsewhere">
        <a href={at('/login')}>Log in</a>
      </p>
    </Entrance>
  )
}

function OpenSignUp() {
  const signUp = async ({ email = '', password = '', name = '', organizationName = '' }: Values) => {
    const body = { email, password, name, organizationName }
    await ask(api.POST('/dashboard/session/signup', { body }))
    await enter('/welcome')
  }
  return (
    <Entrance
      title="Create an account"
      lead="You become the owner of a new organization, and can invite others to it."
    >
      <Form onSubmit={signUp}>
        <Field name="name" label="Your name" autocomplete="name" />
        <Field name="organizationName" label="Organization" autocomplete="organization" />
        <Field name="email" label="E-mail" type="email" autocomplete="username" />
        <PasswordField
          name="password"
          label="Password"
          autocomplete="new-password"
          minLength={8}
          help="At least 8 characters: a sentence is easier to remember than a riddle."
        />
        <Submit>Create account</Submit>
      </Form>
      <p class="elsewhere">
        <a href={at('/login')}>Log in instead</a>
      </p>
    </Entrance>
  )
}
