/** Sandbox is striped and production plain, on every page. */
export function EnvironmentMark({ environment }: { environment: string | null }) {
  if (environment === null) return <span class="environment" />
  return (
    <span class={`environment ${environment}`}>{environment === 'sandbox' ? 'Sandbox' : 'Production'}</span>
  )
}
