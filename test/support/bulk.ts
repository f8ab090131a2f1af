import type { Answer, Body, TestApp } from './app.ts'

/** Sends a form with one file, the field `file`, over a real connection. */
export async function sendForm(
  server: TestApp,
  url: string,
  headers: Record<string, string>,
  file: string,
  fields: Record<string, string> = {},
): Promise<Answer> {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.set(name, value)
  body.set('file', new Blob([file], { type: 'text/csv' }), 'people.csv')
  const response = await fetch(`${await server.listen()}${url}`, { method: 'POST', headers, body })
  const answered = Object.fromEntries(response.headers)
  return { status: response.status, body: (await response.json()) as Body, headers: answered }
}

/** Sends a CSV file of candidates to invite, with the other fields of the form. */
export function sendCsv(
  server: TestApp,
  headers: Record<string, string>,
  campaignId: string,
  csv: string,
  fields: Record<string, string> = {},
): Promise<Answer> {
  return sendForm(server, `/api/campaigns/${campaignId}/invites/bulk`, headers, csv, fields)
}

/** CSV of so many people, whose numbers begin at `from`. */
export function csvOfPeople(count: number, from = 0): string {
  const people = Array.from({ length: count }, (_, index) => index + from)
  return `email,name\n${people.map((number) => `p${number}@bulk.example,Person ${number}\n`).join('')}`
}
