const RATE = 8000
const BITS = 16
const HEADER = 44
const LOUDNESS = 0.3 * 32_767
// So long does the tone take to come and go, in seconds: without it one hears a click.
const FADE_SECONDS = 0.02

/**
 * A tone as a WAV file (RIFF, PCM, 16 bits, mono, 8 kHz), for answers that nobody spoke.
 * @param hertz its pitch
 */
export function sampleTone(seconds: number, hertz = 440): Buffer {
  const samples = Math.round(seconds * RATE)
  const wav = Buffer.alloc(HEADER + samples * 2)
  wav.write('RIFF', 0, 'latin1')
  wav.writeUInt32LE(wav.length - 8, 4)
  wav.write('WAVEfmt ', 8, 'latin1')
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(1, 22)
  wav.writeUInt32LE(RATE, 24)
  wav.writeUInt32LE((RATE * BITS) / 8, 28)
  wav.writeUInt16LE(BITS / 8, 32)
  wav.writeUInt16LE(BITS, 34)
  wav.write('data', 36, 'latin1')
  wav.writeUInt32LE(samples * 2, 40)
  for (let index = 0; index < samples; index += 1) {
    const edge = Math.min(index, samples - 1 - index) / (FADE_SECONDS * RATE)
    const volume = LOUDNESS * Math.min(1, edge)
    const value = volume * Math.sin((2 * Math.PI * hertz * index) / RATE)
    wav.writeInt16LE(Math.round(value), HEADER + index * 2)
  }
  return wav
}

// A second of a square that wanders: 32 by 24 pixels, VP8 in WebM, as a browser's MediaRecorder wrote it.
const CLIP = [
  'GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQRChYECGFOAZwEAAAAAAAKaEU2bdLlNu4tTq4QVSalmU6yBbk27i1OrhBZU',
  'rmtTrIGTTbuLU6uEH0O2dVOsgdRNu4xTq4QcU7trU6yCAojsrgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AAAAAAAAAAAVSalmoCrXsYMPQkBEiYREfBz+TYCGQ2hyb21lV0GGQ2hyb21lFlSua7yuuteBAXPFh7KpDfpLEzCDgQFV7oEBhoVW',
  'X1ZQOOCdsIEguoEYU8CBAVWwkFWxgQFVuYECVbqBDVW7gQEfQ7Z1AQAAAAAAAajngQCg6KG9gQAAALACAJ0BKiAAGAAFBwiFhYiZ',
  'hIgbggAKkmrjHMv5EiD+68sv8UWPY/gy1h1A+5QH4ER2o9OFjroiAHWhpqak7oEBpZ8wAgCdASogABgACocIhYWImYSIOAIAB5Dz',
  'ycD+664AoLihmIEAyADxAQAUEQAAGAAeS//0AGM3b8DkQHWhmKaW7oEBpZGxAQAqEcAAGAAYWC/0AAhwAPuBAKC/oZ+BAZIA8QEA',
  'FBDwABgAJFH/9AJ0EZfA/u7T0TbHdnIAdaGYppbugQGlkbEBACoRwAAYABhYL/QACHAA+4HIoL2hnIECXADxAQAUEOgAGAAkS//0',
  'AiYdYAD+7G/P8AB1oZimlu6BAaWRsQEAKhHAABgAGFgv9AAIcAD7ggGSoL2hnIEDJADxAQAUENwAGAAkS//0AiYdYAD+6Da61gB1',
  'oZimlu6BAaWRsQEAKhHAABgAGFgv9AAIcAD7ggJcoMChn4ED8ADxAQAUEKAAGAAqS//0AnUINVjKFZY9df/BUAB1oZimlu6BAaWR',
  'sQEAKhHAABgAGFgv9AAIcAD7ggMkHFO7a427i7OBALeG94EB8YHU',
].join('')

/** A short silent film as a WebM file, for answers that nobody filmed. */
export function sampleClip(): Buffer {
  return Buffer.from(CLIP, 'base64')
}
