import { Failure } from './failure.ts'
import { SERVER } from './place.ts'

/**
 * Sends a form with a file, and tells how much of it has gone out: what `fetch` can't.
 * @param path of the API
 * @param onProgress from 0 to 1
 * @throws Failure
 */
export function upload(path: string, form: FormData, onProgress: (part: number) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', SERVER + path)
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0)
    request.onerror = () => reject(Failure.ofNetwork(null))
    request.onload = () => {
      const { status, response } = request
      if (status < 300) return resolve(response)
      const headers = { 'x-request-id': request.getResponseHeader('x-request-id') ?? '' }
      reject(Failure.of(new Response(null, { status, headers }), response))
    }
    request.send(form)
  })
}
