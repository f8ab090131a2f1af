/** A name as SQL text, for statements that a person is to run. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A value as SQL text. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
