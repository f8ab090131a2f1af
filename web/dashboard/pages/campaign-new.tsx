import { api, ask } from '../app/api.ts'
import { useOnce } from '../app/once.ts'
import { at, go } from '../app/router.ts'
import { PageHead } from '../components/page.tsx'
import { CampaignForm } from './parts/campaign-form.tsx'

/** Writes a new campaign. */
export default function NewCampaign() {
  const once = useOnce()
  return (
    <div class="narrow">
      <PageHead title="New campaign" back={<a href={at('/campaigns')}>Campaigns</a>} />
      <CampaignForm
        action="Create campaign"
        extra="As a draft: nobody can be invited before you activate it"
        onSubmit={async (facts, draft) => {
          const body = { ...facts, status: draft ? ('draft' as const) : ('active' as const) }
          const { id } = await once((headers) => ask(api.POST('/api/campaigns', { headers, body })))
          go(`/campaigns/${id}`)
        }}
      />
    </div>
  )
}
