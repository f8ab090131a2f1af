// Not boxes and switches: a space that someone types would change what they stand for.
const FIELDS =
  'input:not([type=hidden], [type=checkbox], [type=radio], [readonly]), select, textarea:not([readonly])'

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement

/**
 * Focuses the field that someone fills in first: the first empty one of those that are required, or else the first one.
 * @returns whether there is a field
 */
export function focusFirstField(within: ParentNode): boolean {
  const field = firstEmptyField(within) ?? fieldsOf(within)[0]
  field?.focus()
  return field !== undefined
}

/** The first field that has to be filled in and is not. */
export function firstEmptyField(within: ParentNode): Field | undefined {
  return fieldsOf(within).find(({ required, value }) => required && value === '')
}

// Not navigator.userActivation: a browser carries it over from the page before.
let acted = false
for (const event of ['keydown', 'pointerdown']) {
  addEventListener(event, () => (acted = true), { capture: true, once: true })
}

/** Whether someone has done something on the page since the browser loaded it. Until then Tab begins at its top. */
export function isUnderWay(): boolean {
  return acted
}

function fieldsOf(within: ParentNode): Field[] {
  return [...within.querySelectorAll<Field>(FIELDS)].filter(
    (field) => !field.disabled && field.checkVisibility(),
  )
}
