/** What a links file tells of an invite. */
interface InviteLink {
  readonly row: number
  readonly email: string | null
  readonly inviteId?: string | undefined
  readonly url?: string | undefined
}

/** A CSV file of links, each beside the address that it is for. */
export function linksFile(links: readonly InviteLink[]): string {
  const lines = links.map(({ row, email, inviteId, url }) => [String(row), email, inviteId, url])
  return [['row', 'email', 'inviteId', 'url'], ...lines]
    .map((cells) => cells.map((cell) => csvCell(cell ?? '')).join(','))
    .join('\r\n')
}

// An address may begin with a sign that makes a spreadsheet run it as a formula.
function csvCell(text: string): string {
  const cell = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
