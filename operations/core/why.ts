const MOST_CAUSES = 4

/** Why something failed, in one line for the process log: the message of an error and of what caused it. No stack. */
export function whyOf(error: unknown): string {
  const texts: string[] = []
  for (let each = error; each !== undefined && texts.length < MOST_CAUSES; ) {
    texts.push(each instanceof Error ? textOf(each) : String(each))
    each = each instanceof Error ? each.cause : undefined
  }
  return texts.join(': ')
}

// A library's error often says what it is in its code or its name alone.
function textOf(error: Error & { code?: unknown }): string {
  const [line = ''] = error.message.split('\n', 1)
  const word = typeof error.code === 'string' && error.name !== 'ApiError' ? error.code : error.name
  const known = /^(|Error|ApiError)$/.test(word) || line.includes(word)
  return known ? line : `${word} ${line}`.trim()
}
