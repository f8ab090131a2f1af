/** What the recorder of a question does at the moment. */
export type RecorderState = 'closed' | 'asking' | 'denied' | 'ready' | 'recording' | 'stopping' | 'recorded'

/** What can happen to it: by the candidate, or by the browser. */
export type RecorderEvent = 'ask' | 'granted' | 'refused' | 'start' | 'stop' | 'stopped' | 'again'

const steps: Record<RecorderState, Partial<Record<RecorderEvent, RecorderState>>> = {
  closed: { ask: 'asking' },
  asking: { granted: 'ready', refused: 'denied' },
  denied: { ask: 'asking', granted: 'ready' },
  ready: { start: 'recording', refused: 'denied' },
  // A device that is lost while it records ends the recording, and keeps what there is.
  recording: { stop: 'stopping', refused: 'stopping' },
  stopping: { stopped: 'recorded' },
  recorded: { again: 'asking' },
}

/** The state after an event; the same one where the event means nothing, such as a second click. */
export function after(state: RecorderState, event: RecorderEvent): RecorderState {
  return steps[state][event] ?? state
}

/** How far an answer has come. `kept`: recorded, and in this browser alone. */
export type AnswerStatus = 'open' | 'waiting' | 'sending' | 'saved' | 'failed' | 'kept'

/** Whether there is something that the candidate has yet to send. */
export const isUnsent = (status: AnswerStatus): boolean => /failed|kept/.test(status)

/** Bits a second for a recording whose file may not grow over the limit of uploads. */
export function bitrate(video: boolean, limitSeconds: number): number {
  const wanted = video ? 1_200_000 : 64_000
  return Math.min(wanted, Math.floor((LARGEST_RECORDING * 8 * 0.9) / limitSeconds))
}

/** Bytes: the API takes 200 MiB, and the form around a file is a little more than the file. */
export const LARGEST_RECORDING = 195 * 1024 * 1024
/** Seconds, for questions that set no limit. */
export const LONGEST_RECORDING = 1200
