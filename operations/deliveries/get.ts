import Type from 'typebox'
import { findDelivery } from '../../db/queries/deliveries.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Delivery } from '../../schemas/webhooks.ts'
import { readOperation } from '../core/operation.ts'
import { serializeDelivery } from './serialize.ts'

/** Shows one delivery. */
export const getDelivery = readOperation({
  name: 'deliveries.get',
  summary: 'Get a delivery',
  description: 'Shows one delivery with its attempts.',
  access: 'webhooks:read',
  input: Type.Object({ id: Id('dlv') }),
  output: Delivery,
  async run({ read, organizationId }, { id }) {
    const [row] = await read((tx) => findDelivery(tx, organizationId, id))
    if (!row) throw notFound('Delivery')
    return serializeDelivery(row)
  },
})
