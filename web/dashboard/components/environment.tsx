import { server } from '../app/server.ts'

/** Sandbox is striped and production plain, on every page. */
export function EnvironmentMark() {
  const { environment } = server
  return (
    <span class={`environment ${environment}`}>{environment === 'sandbox' ? 'Sandbox' : 'Production'}</span>
  )
}
