import { Snippet } from '../../components/copy.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { Notice } from '../../components/notice.tsx'

/** The secret of an endpoint, once, and how a delivery is checked with it. */
export function SecretDialog({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Dialog title="The endpoint’s secret" onClose={onClose} wide once>
      <Notice kind="warn" role="status">
        Copy the secret now: it is shown this once. With it your server checks that a delivery comes from
        here.
      </Notice>
      <Snippet text={secret} of="the secret" />
      <Verification />
      <footer class="actions">
        <button type="button" class="primary" onClick={onClose}>
          Done
        </button>
      </footer>
    </Dialog>
  )
}

/** How a delivery is checked, in Node and by any library for Standard Webhooks. */
export function Verification() {
  return (
    <div class="stack tight">
      <h3>Check each delivery before you believe it</h3>
      <Snippet text={CODE} of="the code" />
      <p class="muted">
        The signature is that of Standard Webhooks, which has libraries for most languages. Answer 2xx at
        once, work afterwards, and remember <code>webhook-id</code>: an event can arrive twice.
      </p>
    </div>
  )
}

const CODE = `import { Webhook } from 'standardwebhooks'

const webhook = new Webhook(process.env.ANTEROOM_WEBHOOK_SECRET)
// rawBody: the body as it came, not parsed. Throws where anything was changed.
const event = webhook.verify(rawBody, request.headers)`
