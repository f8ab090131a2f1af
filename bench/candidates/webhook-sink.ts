// A receiver of webhooks that answers at once and counts: /arrivals tells when, and for which event, something came.
import { createServer } from 'node:http'

let arrivals: { at: number; endpoint: string; id: string }[] = []
const distinct = new Set<string>()

createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://sink')
  if (pathname === '/ready') return response.end()
  if (pathname === '/arrivals') return response.end(JSON.stringify(arrivals))
  if (pathname === '/count') return response.end(String(arrivals.length))
  if (pathname === '/distinct') return response.end(String(distinct.size))
  if (pathname === '/forget') {
    distinct.clear()
    arrivals = []
    return response.end()
  }
  const id = String(request.headers['webhook-id'])
  arrivals.push({ at: Date.now(), endpoint: pathname, id })
  distinct.add(`${pathname} ${id}`)
  request.resume()
  request.on('end', () => response.end())
}).listen(Number(process.env.PORT), '127.0.0.1')
