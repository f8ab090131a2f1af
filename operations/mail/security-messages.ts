import { compose, type Mail } from './compose.ts'

/** Tells that the password was changed in a session of the user's own. */
export function ownPasswordChangedMail(to: string, about: { publicUrl: string }): Mail {
  return compose('notice', to, {
    subject: 'Your password was changed',
    paragraphs: ['The password of your Anteroom account was changed, and every other session was ended.'],
    link: { label: 'Log in', url: `${about.publicUrl}/dashboard` },
    footer: 'If it was not you, ask for a new password at once, and tell an owner of your organization.',
  })
}

/** Tells that a second factor was set up. */
export function secondFactorAddedMail(to: string, about: { publicUrl: string }): Mail {
  return compose('notice', to, {
    subject: 'A second factor was set up',
    paragraphs: [
      'From now on your Anteroom account asks for a code of your authenticator app at each log-in.',
    ],
    link: { label: 'Look at your account', url: `${about.publicUrl}/dashboard` },
    footer: 'If it was not you, ask for a new password at once, and tell an owner of your organization.',
  })
}

/** Tells that the second factor is gone. */
export function secondFactorRemovedMail(to: string, about: { publicUrl: string }): Mail {
  return compose('notice', to, {
    subject: 'The second factor was taken away',
    paragraphs: ['Your Anteroom account no longer asks for a code at log-in: the password alone opens it.'],
    link: { label: 'Set one up again', url: `${about.publicUrl}/dashboard` },
    footer: 'If it was not you, ask for a new password at once, and tell an owner of your organization.',
  })
}
