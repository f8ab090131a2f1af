import { api, ask } from '../app/api.ts'
import { count, day } from '../app/format.ts'
import { useLoad } from '../app/load.ts'
import { findSession, may } from '../app/session.ts'
import { Badge } from '../components/badge.tsx'
import { CopyButton } from '../components/copy.tsx'
import { Facts } from '../components/facts.tsx'
import { FailureNotice, Field, Form, SelectField, Submit } from '../components/form.tsx'
import { PageHead } from '../components/page.tsx'
import { ReadOnly } from '../components/read-only.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'
import { toast } from '../components/toast.tsx'
import type { OrganizationSettings, Patch } from './parts/organization-settings.ts'
import { OriginsCard } from './parts/origins-card.tsx'

/** The organization: name, plan, and what counts for all its members and keys. */
export default function Organization() {
  const settings = useLoad((signal) => ask(api.GET('/api/organization', { signal })), [])
  const { data, failure } = settings
  const writes = may('organization:write')
  const patch: Patch = async (body, done) => {
    settings.set(await ask(api.PATCH('/api/organization', { body })))
    if (body.name) await findSession()
    toast(done)
  }
  return (
    <div class="narrow stack">
      <PageHead title="Organization" lead="What counts for all your members and keys." />
      <ReadOnly needs="organization:write" what="the settings" />
      {failure && !data && <FailureNotice failure={failure} retry={settings.reload} />}
      {!data && !failure && <SkeletonBlock lines={8} />}
      {data && (
        <>
          <NameCard of={data} writes={writes} patch={patch} />
          <PlanCard of={data} />
          <OriginsCard of={data} writes={writes} patch={patch} />
          <SafetyCard of={data} writes={writes} patch={patch} />
        </>
      )}
    </div>
  )
}

interface CardProps {
  readonly of: OrganizationSettings
  readonly writes: boolean
  readonly patch: Patch
}

function NameCard({ of, writes, patch }: CardProps) {
  return (
    <section class="card stack">
      <header>
        <h2>{of.name}</h2>
        <span class="actions">
          <code>{of.id}</code>
          <CopyButton text={of.id} of="the organization’s id" />
        </span>
      </header>
      {writes && (
        <Form onSubmit={({ name = '' }) => patch({ name }, 'The name is changed')}>
          <Field name="name" label="Name" maxLength={200} defaultValue={of.name} autocomplete="off" />
          <p class="actions">
            <Submit>Save</Submit>
          </p>
        </Form>
      )}
    </section>
  )
}

const most = (limit: number | null) => (limit === null ? 'as many as you like' : count(limit))

function PlanCard({ of: { plan, limits, features, createdAt } }: { of: OrganizationSettings }) {
  return (
    <section class="card">
      <header>
        <h2>Plan</h2>
        <Badge kind="info">{plan}</Badge>
      </header>
      <Facts
        of={[
          ['Members', most(limits.members)],
          ['Keys', most(limits.keys)],
          ['Webhooks', most(limits.webhooks)],
          ['Requests a minute', count(limits.rateLimitPerMinute)],
          ...Object.entries(features).map(
            ([name, has]) => [featureNames[name] ?? name, has ? 'included' : 'not included'] as const,
          ),
          ['Customer since', day(createdAt)],
        ]}
      />
    </section>
  )
}

const featureNames: Record<string, string> = {
  requireTotp: 'Required second factor',
  reportLeakedKeys: 'Leaked keys reported only',
}

function SafetyCard({ of, writes, patch }: CardProps) {
  const features = of.features as Record<string, boolean>
  return (
    <section class="card">
      <h2>Safety</h2>
      <Form
        onSubmit={({ requireTotp, leakedKeys, mediaRetentionDays }) =>
          patch(
            {
              requireTotp: requireTotp === '1',
              leakedKeys: leakedKeys as 'revoke' | 'report',
              mediaRetentionDays: Number(mediaRetentionDays),
            },
            'The settings are saved',
          )
        }
      >
        <label class="check">
          <input
            type="checkbox"
            name="requireTotp"
            value="1"
            defaultChecked={of.requireTotp}
            disabled={!writes || (!features.requireTotp && !of.requireTotp)}
          />
          Every member needs a second factor
        </label>
        <p class="muted">
          Who has none sees nothing but the page to set one up, from their next request on. Keys are not
          asked.
        </p>
        <SelectField
          name="leakedKeys"
          label="A key of yours that was found in public"
          options={[
            ['revoke', 'is revoked at once, and the owners are told'],
            ['report', 'goes on working, and the owners are told'],
          ]}
          initial={of.leakedKeys}
          disabled={!writes}
        />
        <Field
          name="mediaRetentionDays"
          label="Recordings and documents are kept, in days"
          type="number"
          min={1}
          max={3650}
          defaultValue={String(of.mediaRetentionDays)}
          disabled={!writes}
          help="Afterwards they are erased; what was written or chosen stays."
        />
        {writes && (
          <p class="actions">
            <Submit>Save</Submit>
          </p>
        )}
      </Form>
    </section>
  )
}
