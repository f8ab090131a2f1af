import { IncomingMessage } from 'node:http'

// What Node calls, with its option optimizeEmptyRequests, on a request that comes without Content-Length and
// Transfer-Encoding. Not among its documented methods, for which test/wire/no-body.test.ts holds.
interface Dumped {
  _dumpAndCloseReadable(): void
}
const { _dumpAndCloseReadable: close } = IncomingMessage.prototype as unknown as Dumped

/**
 * A request class for `http.createServer({ optimizeEmptyRequests: true })`, which makes no stream of a body that is not
 * there: a tenth of a small route's time. Its events never come, so that whoever waits for its end would wait for ever.
 * The parsers that wait are found by the Content-Type, which many clients send without a body too: there it stays a
 * stream, an empty one.
 */
export class EmptyRequest extends IncomingMessage {
  _dumpAndCloseReadable(): void {
    if (this.headers['content-type'] === undefined) close.call(this)
  }
}
