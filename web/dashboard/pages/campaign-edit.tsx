import { api, ask } from '../app/api.ts'
import { useLoad } from '../app/load.ts'
import type { PageProps } from '../app/page.ts'
import { at, go } from '../app/router.ts'
import { FailureNotice } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'
import { toast } from '../components/toast.tsx'
import { CampaignForm } from './parts/campaign-form.tsx'

/** Changes a campaign's facts and questions. */
export default function EditCampaign({ params: { id = '' } }: PageProps) {
  const path = { id }
  const campaign = useLoad(
    (signal) => ask(api.GET('/api/campaigns/{id}', { signal, params: { path } })),
    [id],
  )
  const { data, failure } = campaign
  return (
    <div class="narrow stack">
      <PageHead
        title="Edit campaign"
        back={<a href={at(`/campaigns/${id}`)}>{data?.name ?? 'Campaign'}</a>}
      />
      {failure && !data && <FailureNotice failure={failure} retry={campaign.reload} />}
      {!data && !failure && <SkeletonBlock lines={8} />}
      {data && (
        <>
          {data.counts.started > 0 && (
            <Notice>Interviews that have begun keep the questions that they began with.</Notice>
          )}
          <CampaignForm
            of={data}
            action="Save"
            onSubmit={async (body) => {
              await ask(api.PATCH('/api/campaigns/{id}', { params: { path }, body }))
              toast('The campaign is saved')
              go(`/campaigns/${id}`)
            }}
          />
        </>
      )}
    </div>
  )
}
