const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const units = ['bytes', 'KiB', 'MiB', 'GiB']

/** `1.4 MiB`, of bytes. */
export function size(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${number.format(bytes / 1024 ** power)} ${units[power]}`
}
