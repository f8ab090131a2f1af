import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../schemas/errors.ts'

// What is asked while the process has no memory must be told that the process lives: a restart would make it worse.
const spared = '/healthz'

/** Refuses requests before the memory ends: refused ones can be sent again, while a process that dies takes all along. */
export default fp<{ percent: number }>(
  async (app: FastifyInstance, { percent }) => {
    const container = process.constrainedMemory()
    await app.register(underPressure, {
      maxHeapUsedBytes: (getHeapStatistics().heap_size_limit / 100) * percent,
      // Without a limit of a container the machine's memory belongs to others too.
      ...(container > 0 && container < totalmem() ? { maxRssBytes: (container / 100) * percent } : {}),
      pressureHandler: async (request) => {
        if (request.routeOptions.url === spared) return
        throw new ApiError('UNAVAILABLE', 'The server is short of memory: try again', {
          reason: 'overloaded',
        })
      },
    })
  },
  { name: 'load-shedding', dependencies: ['errors', 'access-log'] },
)
