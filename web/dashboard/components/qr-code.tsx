import encodeQR from 'qr'

// ISO/IEC 18004, 9.1: four modules of quiet zone on each side.
const QUIET_ZONE = 4

/** A text as a QR code: dark on light in both themes, as scanners want it. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET_ZONE })
  const dark = modules.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])))
  return (
    <svg class="qr-code" role="img" aria-label={label} viewBox={`0 0 ${modules.length} ${modules.length}`}>
      <path d={dark.join('')} />
    </svg>
  )
}
