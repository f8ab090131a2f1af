import { server } from '../../app/server.ts'
import { Field } from '../../components/form.tsx'

/** How long an invite is good for, and whether it is mailed: fields `expiresInHours` and `send`. */
export function InviteOptions({ link }: { link: string }) {
  return (
    <>
      <Field
        name="expiresInHours"
        label="Good for, in hours"
        type="number"
        min={1}
        max={720}
        optional
        help="As long as the campaign says, if you leave it empty."
      />
      {server.mail !== 'none' && (
        <label class="check">
          <input type="checkbox" name="send" value="1" />
          Send {link} by e-mail
        </label>
      )}
    </>
  )
}
