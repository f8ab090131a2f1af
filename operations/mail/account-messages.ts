import { compose, type Mail } from './compose.ts'

/** The way to a new password. The token stands in the fragment, which no browser sends to a server. */
export function passwordResetMail(
  to: string,
  about: { publicUrl: string; token: string; minutes: number },
): Mail {
  return compose('password_reset', to, {
    subject: 'Set a new password',
    paragraphs: [
      'Someone, probably you, asked for a new password for the Anteroom account with this address.',
      `The link can be used once, within ${about.minutes} minutes. Until then the old password stays as it is.`,
    ],
    link: { label: 'Set a new password', url: `${about.publicUrl}/dashboard/reset#token=${about.token}` },
    footer: 'If you did not ask for it, do nothing: without the link nobody can change your password.',
  })
}

/** Tells that the password is another one now. */
export function passwordChangedMail(to: string, about: { publicUrl: string }): Mail {
  return compose('notice', to, {
    subject: 'Your password was changed',
    paragraphs: ['The password of your Anteroom account was changed, and every session was ended.'],
    link: { label: 'Log in', url: `${about.publicUrl}/dashboard` },
    footer: 'If it was not you, ask for a new password at once, and tell an owner of your organization.',
  })
}

/** Asks the new address whether it is the user's. */
export function newAddressMail(to: string, about: { publicUrl: string; token: string; hours: number }): Mail {
  return compose('email_change', to, {
    subject: 'Confirm your new e-mail address',
    paragraphs: [
      'Someone, probably you, wants to use this address for an Anteroom account.',
      `Your old address has to confirm it as well. The link can be used within ${about.hours} hours.`,
    ],
    link: { label: 'Confirm this address', url: `${about.publicUrl}/dashboard/email#token=${about.token}` },
    footer: 'If you did not ask for it, do nothing: without the link this address is not used.',
  })
}

/** Tells the owner of an account that somebody else wants to use its address. */
export function addressInUseMail(to: string, about: { publicUrl: string }): Mail {
  return compose('email_change', to, {
    subject: 'Someone wants to use your e-mail address',
    paragraphs: [
      'Someone, maybe you, asked to use this address for another Anteroom account.',
      'It already belongs to your account, and one address has one account. Nothing has changed.',
    ],
    link: { label: 'Log in', url: `${about.publicUrl}/dashboard` },
    footer: 'If it was not you, you need to do nothing.',
  })
}

/** Asks the old address whether its account may move. */
export function oldAddressMail(
  to: string,
  about: { publicUrl: string; token: string; hours: number; newEmail: string },
): Mail {
  return compose('notice', to, {
    subject: 'Confirm the change of your e-mail address',
    paragraphs: [
      `Someone, probably you, wants to move your Anteroom account to the address ${about.newEmail}.`,
      `That address has to confirm it as well. The link can be used within ${about.hours} hours.`,
    ],
    link: { label: 'Allow the change', url: `${about.publicUrl}/dashboard/email#token=${about.token}` },
    footer:
      'If you did not ask for it, do nothing, and nothing changes. Whoever asked knows your password: set a new one.',
  })
}

/** Tells the old address that the account has moved. */
export function addressChangedMail(to: string, about: { newEmail: string }): Mail {
  return compose('notice', to, {
    subject: 'Your e-mail address was changed',
    paragraphs: [
      `Your Anteroom account now has the address ${about.newEmail}. This is the last message to this one.`,
    ],
    footer: 'Both addresses have confirmed this change.',
  })
}

/** The last message to a person who was erased. */
export function erasedMail(to: string): Mail {
  return compose('notice', to, {
    subject: 'Your account was erased',
    paragraphs: ['Your Anteroom account was erased, as you asked. This is the last message from it.'],
    footer: 'What happened in your organizations stays in their audit logs, without your name and address.',
  })
}
