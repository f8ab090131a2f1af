const string = { type: 'string' }
const strings = (...names: string[]) => Object.fromEntries(names.map((name) => [name, string]))

/** The answer of GET /api/whoami as a plain JSON schema, as one would write it by hand for a route of its own. */
export const whoamiResponse = {
  type: 'object',
  properties: {
    environment: string,
    organization: { type: 'object', properties: strings('id', 'name', 'plan') },
    user: { type: 'object', nullable: true, properties: strings('id', 'email', 'name', 'role') },
    credential: {
      type: 'object',
      properties: {
        ...strings('type', 'id', 'prefix', 'name'),
        scopes: { type: 'array', items: string },
        expiresAt: { type: 'string', nullable: true },
      },
    },
  },
}
