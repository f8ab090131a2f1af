import { useLayoutEffect } from 'preact/hooks'
import { leaving } from '../../app/router.ts'
import { CopyButton, Snippet } from '../../components/copy.tsx'
import { Notice } from '../../components/notice.tsx'

/** A key as it is shown once: to be copied, as a line for `.env`, as a `curl`. Who leaves before copying is asked. */
export function NewKey({ text, curl = true }: { text: string; curl?: boolean }) {
  // Not a moment after the key is seen.
  useLayoutEffect(() => {
    leaving.value =
      'The key is shown this once. When you leave without having stored it, you have to make another one.'
    return () => {
      leaving.value = null
    }
  }, [])
  const stored = () => {
    leaving.value = null
  }
  return (
    <div class="stack">
      <Notice kind="warn" role="status">
        Copy the key now and store it securely. It is shown this once, and only a hash of it is kept.
      </Notice>
      <div class="secret">
        <div class="snippet">
          <pre>
            <code data-secret>{text}</code>
          </pre>
          <CopyButton text={text} label="Copy key" onCopied={stored} primary />
        </div>
      </div>
      <div class="stack tight">
        <h3>In .env, outside version control</h3>
        <Snippet text={`ANTEROOM_API_KEY=${text}`} of="the .env line" onCopied={stored} />
        {curl && (
          <>
            <h3>From a shell</h3>
            <Snippet text={curlFor(text)} of="the command" onCopied={stored} />
          </>
        )}
      </div>
    </div>
  )
}

/** The first request of every integrator: who am I. */
export function curlFor(key: string, shell: 'sh' | 'powershell' = 'sh'): string {
  const program = shell === 'powershell' ? 'curl.exe' : 'curl'
  return `${program} ${location.origin}/api/whoami -H "Authorization: Bearer ${key}"`
}
