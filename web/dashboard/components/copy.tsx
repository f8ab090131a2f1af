import { useState } from 'preact/hooks'
import { Icon } from './icon.tsx'
import { toast } from './toast.tsx'

/** Puts a text on the clipboard; where the page is not allowed to (plain http), the old way. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  if (!done) throw new Error('The browser did not copy: select the text, and copy it yourself')
}

/** Copies, and says so. */
export function CopyButton({
  text,
  label = 'Copy',
  of,
  onCopied,
  primary = false,
}: {
  text: string
  label?: string
  /** What is copied, for who does not see it beside the button. */
  of?: string
  onCopied?: () => void
  primary?: boolean
}) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    try {
      await copyText(text)
      setCopied(true)
      setTimeout(() => setCopied(false), 2000)
      onCopied?.()
    } catch (thrown) {
      toast(thrown instanceof Error ? thrown.message : 'Not copied', { kind: 'danger' })
    }
  }
  return (
    <button type="button" class={primary ? 'primary copy' : 'copy'} onClick={copy}>
      <Icon name={copied ? 'check' : 'copy'} />
      <span aria-live="polite">{copied ? 'Copied' : label}</span>
      {of && <span class="unseen"> {of}</span>}
    </button>
  )
}

/** Text to be pasted elsewhere: a command, a line of a file. */
export function Snippet({ text, of, onCopied }: { text: string; of: string; onCopied?: () => void }) {
  return (
    <div class="snippet">
      <pre>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} of={of} {...(onCopied ? { onCopied } : {})} />
    </div>
  )
}
