// A new key on its way from where it was made to the page that shows it: in memory alone, and taken once.
const kept = new Map<string, string>()

/** @param text the key itself */
export function keepSecret(keyId: string, text: string): void {
  kept.set(keyId, text)
}

export function takeSecret(keyId: string): string | null {
  const text = kept.get(keyId) ?? null
  kept.delete(keyId)
  return text
}
