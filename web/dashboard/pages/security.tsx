import { secondFactorMissing } from '../app/session-state.ts'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page.tsx'
import { PasswordCard } from './parts/password-card.tsx'
import { SecondFactorCard } from './parts/second-factor-card.tsx'

/** What opens one's account: the password and the second factor. */
export default function Security() {
  return (
    <div class="narrow stack">
      <PageHead title="Security" lead="What opens your account, in all your organizations." />
      {secondFactorMissing.value && (
        <Notice kind="warn" role="status">
          Your organization requires a second factor of its members. Set one up to go on.
        </Notice>
      )}
      <SecondFactorCard />
      <PasswordCard />
    </div>
  )
}
